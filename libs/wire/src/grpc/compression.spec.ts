import { gzipSync } from 'node:zlib';
import { GrpcCode } from '@quorate/api';
import { decompressMessage } from './compression';

const refusalOf = (bytes: Buffer, encoding: string | undefined, max = 1000): { code?: number; message?: string } => {
  try {
    decompressMessage(bytes, encoding, max);
    return {};
  } catch (error) {
    return error as { code: number; message: string };
  }
};

describe('decompressMessage', () => {
  const packed = gzipSync(Buffer.alloc(1000, 1));

  test('unpacks gzip up to the limit', () => {
    expect(decompressMessage(packed, 'gzip', 1000).equals(Buffer.alloc(1000, 1))).toBe(true);
    expect(refusalOf(packed, 'gzip', 999)).toMatchObject({ code: GrpcCode.RESOURCE_EXHAUSTED, message: 'grpc: received message after decompression larger than max 999' });
    expect(refusalOf(gzipSync(Buffer.alloc(50_000_000)), 'gzip')).toMatchObject({ code: GrpcCode.RESOURCE_EXHAUSTED });
  });

  test('refuses what it cannot unpack', () => {
    expect(refusalOf(packed, undefined)).toMatchObject({ code: GrpcCode.INTERNAL, message: 'grpc: compressed flag set with identity or empty encoding' });
    expect(refusalOf(packed, 'snappy')).toMatchObject({ code: GrpcCode.UNIMPLEMENTED, message: 'grpc: Decompressor is not installed for grpc-encoding "snappy"' });
    for (const bytes of [Buffer.from('no gzip'), Buffer.alloc(0), packed.subarray(0, 10)]) expect(refusalOf(bytes, 'gzip')).toMatchObject({ code: GrpcCode.INTERNAL });
  });
});
