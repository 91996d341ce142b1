import { HttpDetector, type HttpVersion } from './http-detect';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function detectBytewise(bytes: Buffer): { version: HttpVersion | undefined; after: number } {
  const detector = new HttpDetector();
  for (let at = 0; at < bytes.length; at++) {
    const version = detector.push(bytes.subarray(at, at + 1));
    if (version !== undefined) return { version, after: at + 1 };
  }
  return { version: undefined, after: bytes.length };
}

describe('HttpDetector', () => {
  test('knows the HTTP/2 preface at its last byte', () => {
    expect(new HttpDetector().push(Buffer.concat([preface, Buffer.from('more')]))).toBe('http2');
    expect(detectBytewise(preface)).toEqual({ version: 'http2', after: 24 });
  });

  test('knows HTTP/1 at the first byte that differs', () => {
    expect(new HttpDetector().push(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('http1');
    expect(detectBytewise(Buffer.from('POST /v3/kv/put HTTP/1.1'))).toEqual({ version: 'http1', after: 2 });
    expect(detectBytewise(Buffer.from('PRI * HTTP/1.1'))).toEqual({ version: 'http1', after: 12 });
    expect(detectBytewise(Buffer.from([0x16, 3, 1]))).toEqual({ version: 'http1', after: 1 });
  });

  test('waits while it cannot know, and stays with what it knew', () => {
    const detector = new HttpDetector();
    expect(detector.push(Buffer.alloc(0))).toBeUndefined();
    expect(detector.push(preface.subarray(0, 23))).toBeUndefined();
    expect(detector.push(preface.subarray(23))).toBe('http2');
    expect(detector.push(Buffer.from('x'))).toBe('http2');
  });
});
