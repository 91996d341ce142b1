import { gunzipSync } from 'node:zlib';
import { GrpcCode } from '@quorate/api';
import { GrpcStatusError } from './status';

/** Compressions that a received message may have (`grpc-accept-encoding`); we send none. */
export const ACCEPTED_ENCODINGS = 'identity,gzip';

/**
 * A message whose compressed flag is set, by the `grpc-encoding` of its call. What unpacks to more than the limit is
 * refused before it is unpacked further.
 * @throws GrpcStatusError in grpc-go's words
 */
export function decompressMessage(bytes: Buffer, encoding: string | undefined, messageBytesMax: number): Buffer {
  if (encoding === undefined || encoding === '' || encoding === 'identity') {
    throw new GrpcStatusError(GrpcCode.INTERNAL, 'grpc: compressed flag set with identity or empty encoding');
  }
  if (encoding !== 'gzip') {
    throw new GrpcStatusError(GrpcCode.UNIMPLEMENTED, `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`);
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: messageBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new GrpcStatusError(GrpcCode.RESOURCE_EXHAUSTED, `grpc: received message after decompression larger than max ${messageBytesMax}`);
    }
    throw new GrpcStatusError(GrpcCode.INTERNAL, `grpc: failed to decompress the received message: ${(error as Error).message}`);
  }
}
