import { crc32c } from '../base/crc32c';
import { decodeSegmentHeader, encodeSegmentHeader, entryFrameBytes, frameBytes, SEGMENT_HEADER_BYTES, segmentName, sequenceOfName } from './format';

const header = { sequence: 2 ** 40 + 1, firstIndex: 2 ** 50 + 3, sizeBytes: 64_000_000, salt: Buffer.from('saltsalt'), previousCheck: -5 };

describe('segment names', () => {
  test('order as the sequences do', () => {
    expect(segmentName(1)).toBe('0000000000000001.wal');
    expect(sequenceOfName(segmentName(2 ** 40 + 1))).toBe(2 ** 40 + 1);
  });

  test.each(['1.wal', '0000000000000001.wal.tmp', '000000000000000g.wal', 'lock'])('%s is none', (name) => {
    expect(sequenceOfName(name)).toBeUndefined();
  });
});

describe('segment header', () => {
  test('comes back as it was', () => {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES, 0xee);
    const seed = encodeSegmentHeader(bytes, header);
    expect(decodeSegmentHeader(bytes)).toEqual({ ...header, seed });
  });

  test('another salt makes another seed', () => {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    expect(encodeSegmentHeader(bytes, { ...header, salt: Buffer.from('pepperpe') })).not.toBe(encodeSegmentHeader(bytes, header));
  });

  test.each([
    ['of a later version', 8, 2, 'format version 2 is not known to this release (1)'],
    ['of another kind of file', 0, 0x58, 'not a WAL segment'],
  ])('%s is refused', (_, at, byte, reason) => {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    encodeSegmentHeader(bytes, header);
    bytes[at] = byte;
    expect(decodeSegmentHeader(bytes)).toBe('checksum of the segment header does not match');
    bytes.writeInt32LE(crc32c(bytes.subarray(0, 60)), 60);
    expect(decodeSegmentHeader(bytes)).toBe(reason);
  });
});

describe('frames', () => {
  test('are multiples of eight and end in padding', () => {
    for (let body = 0; body < 40; body++) {
      expect(frameBytes(body) % 8).toBe(0);
      expect(frameBytes(body) - 20 - body).toBeGreaterThanOrEqual(1);
      expect(frameBytes(body) - 20 - body).toBeLessThanOrEqual(8);
    }
    expect(entryFrameBytes(300)).toBe(344);
  });
});
