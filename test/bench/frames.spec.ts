import {
  FrameType,
  readFrameLength,
  readUint32,
  Setting,
  settingsFrame,
  writeFrameHeader,
  writeUint32,
} from './frames';

describe('frames', () => {
  it('writes a header as RFC 9113, 4.1 draws it', () => {
    const bytes = Buffer.alloc(12, 0xaa);
    expect(writeFrameHeader(bytes, 1, 0x012345, FrameType.data, 0x1, 0x7fffffff)).toBe(10);
    expect(bytes.toString('hex')).toBe('aa' + '012345' + '00' + '01' + '7fffffff' + 'aaaa');
    expect(readFrameLength(bytes, 1)).toBe(0x012345);
    expect(readUint32(bytes, 6)).toBe(0x7fffffff);
  });

  it.each([0, 1, 0xff, 0x12345678, 0x80000000, 0xffffffff])('reads back %d', (value) => {
    const bytes = Buffer.alloc(4);
    writeUint32(bytes, 0, value);
    expect(bytes.readUInt32BE(0)).toBe(value);
    expect(readUint32(bytes, 0)).toBe(value);
  });

  it('writes settings', () => {
    const frame = settingsFrame([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, 0x01000000],
    ]);
    expect(frame.toString('hex')).toBe('00000c' + '04' + '00' + '00000000' + '000200000000' + '000401000000');
  });
});
