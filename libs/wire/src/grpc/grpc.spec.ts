import fc from 'fast-check';
import { ApiError, GrpcCode } from '@quorate/api';
import { DecodeError } from '../protobuf/decode-error';
import { frameMessage, GrpcMessageReader } from './message-reader';
import { decodeBinaryMetadata, decodeGrpcMessage, encodeBinaryMetadata, encodeGrpcMessage, isMetadataValue } from './metadata';
import { GrpcStatusError, grpcStatusOf, httpStatusOf, streamDecodeStatus } from './status';
import { formatGrpcTimeout, parseGrpcTimeout } from './timeout';

describe('GrpcMessageReader', () => {
  const message = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.boolean());

  test('finds the messages again, whatever the pieces', () => {
    fc.assert(fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 })), (messages, cuts) => {
      const body = Buffer.concat(messages.map(([bytes, compressed]) => frameMessage(bytes, compressed)));
      const reader = new GrpcMessageReader(60);
      const found: [Uint8Array, boolean][] = [];
      const drain = (): void => {
        for (let next = reader.next(); next !== undefined; next = reader.next()) found.push([new Uint8Array(next.bytes), next.compressed]);
      };
      let at = 0;
      for (const cut of cuts) {
        reader.push(body.subarray(at, at + cut));
        at = Math.min(body.length, at + cut);
        if (cut % 2 === 0) drain();
      }
      reader.push(body.subarray(at));
      drain();
      expect(found).toEqual(messages);
      expect(reader.pendingBytes).toBe(0);
    }), { numRuns: 500, seed: 8 });
  });

  test('does not copy a message that came in one piece', () => {
    const chunk = frameMessage(Buffer.from('abc'));
    const reader = new GrpcMessageReader(10);
    reader.push(chunk);
    expect(reader.next()?.bytes.buffer).toBe(chunk.buffer);
  });

  test('refuses a large message by its prefix, and an unknown flag', () => {
    const large = new GrpcMessageReader(10);
    large.push(Buffer.from([0, 0, 0, 0, 11]));
    expect(() => large.next()).toThrow(new GrpcStatusError(GrpcCode.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (11 vs. 10)'));
    const flag = new GrpcMessageReader(10);
    flag.push(Buffer.from([7, 0, 0, 0, 0]));
    expect(() => flag.next()).toThrow(new GrpcStatusError(GrpcCode.INTERNAL, 'grpc: received unexpected payload format 7'));
  });

  test('tells an unfinished message', () => {
    const reader = new GrpcMessageReader(10);
    reader.push(Buffer.from([0, 0, 0]));
    expect(reader.next()).toBeUndefined();
    reader.push(Buffer.from([0, 2, 1]));
    expect(reader.next()).toBeUndefined();
    expect(reader.pendingBytes).toBe(6);
  });
});

describe('grpc-timeout', () => {
  test('reads every unit', () => {
    expect(['2H', '3M', '4S', '5m', '6u', '7n', '0S'].map(parseGrpcTimeout)).toEqual([7_200_000, 180_000, 4000, 5, 0.006, expect.closeTo(7e-6, 12), 0]);
  });

  test.each(['', 'S', '1', '123456789S', '1s', '-1S', '1.5S', ' 1S'])('refuses %j', (text) => {
    expect(parseGrpcTimeout(text)).toBeUndefined();
  });

  test('writes what reads back as the same, or a little more', () => {
    expect(formatGrpcTimeout(1500)).toBe('1500m');
    expect([formatGrpcTimeout(0), formatGrpcTimeout(-5)]).toEqual(['1n', '1n']);
    fc.assert(fc.property(fc.integer({ min: 1, max: 99_999_999 * 3_600_000 }), (timeoutMs) => {
      const back = parseGrpcTimeout(formatGrpcTimeout(timeoutMs)) as number;
      expect(back).toBeGreaterThanOrEqual(timeoutMs);
      expect(back).toBeLessThan(timeoutMs + 3_600_000);
    }), { seed: 9 });
  });
});

describe('grpc-message', () => {
  test('escapes all but printable ASCII', () => {
    expect(encodeGrpcMessage('etcdserver: key is not provided')).toBe('etcdserver: key is not provided');
    expect(encodeGrpcMessage('50% ü\n')).toBe('50%25 %C3%BC%0A');
  });

  test('comes back as it was', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const header = encodeGrpcMessage(text);
      expect(header).toMatch(/^[ -~]*$/);
      expect(decodeGrpcMessage(header)).toBe(text);
    }), { seed: 10 });
  });

  test('reads anything', () => {
    expect(decodeGrpcMessage('100% %zz %4')).toBe('100% %zz %4');
    expect(decodeGrpcMessage('ü😀%41')).toBe('ü😀A');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => typeof decodeGrpcMessage(header) === 'string'), { seed: 11 });
  });
});

describe('metadata', () => {
  test('binary values come back as they were, padded or not', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), (values) => {
      const header = values.map(encodeBinaryMetadata).join(',');
      expect(header).not.toContain('=');
      expect(decodeBinaryMetadata(header).map((value) => new Uint8Array(value))).toEqual(values);
      expect(decodeBinaryMetadata(values.map((value) => Buffer.from(value).toString('base64')).join(', ')).map((value) => new Uint8Array(value))).toEqual(values);
    }), { seed: 12 });
  });

  test('refuses what is no base64', () => {
    for (const header of ['a', 'ab*d', 'a=b=']) expect(() => decodeBinaryMetadata(header)).toThrow(DecodeError);
  });

  test('knows what may travel in a header', () => {
    expect(['3.6', 'a b', 'ü', 'a\n', '\0'].map(isMetadataValue)).toEqual([true, true, false, false, false]);
  });
});

describe('status', () => {
  test('of every kind of error', () => {
    expect(grpcStatusOf(new ApiError('key_empty'))).toEqual({ code: 3, message: 'etcdserver: key is not provided' });
    expect(grpcStatusOf(new GrpcStatusError(GrpcCode.INTERNAL, 'x'))).toEqual({ code: 13, message: 'x' });
    expect(grpcStatusOf(new DecodeError('unexpected EOF'))).toEqual({ code: 13, message: 'grpc: error unmarshalling request: unexpected EOF' });
    expect(streamDecodeStatus(new DecodeError('unexpected EOF'))).toEqual({ code: 13, message: 'grpc: failed to unmarshal the received message: unexpected EOF' });
    expect(grpcStatusOf(new Error('boom'))).toEqual({ code: 2, message: 'boom' });
  });

  test('has an HTTP status for each code', () => {
    for (const code of Object.values(GrpcCode)) expect(httpStatusOf(code)).toBeGreaterThanOrEqual(200);
    expect([GrpcCode.UNAVAILABLE, GrpcCode.OUT_OF_RANGE, GrpcCode.CANCELLED].map(httpStatusOf)).toEqual([503, 400, 499]);
  });
});
