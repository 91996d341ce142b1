import { gunzip } from 'node:zlib';
import { GrpcCode } from '@quorate/api';
import { GrpcStatusError } from '@quorate/wire';

/** Messages unpacked at the same time: the thread pool is there for the log. */
const UNDER_WAY_MAX = 2;

interface Waiting {
  readonly bytes: Buffer;
  readonly messageBytesMax: number;
  resolve(unpacked: Buffer): void;
  reject(error: unknown): void;
}

/** Unpacks gzip messages in the thread pool, few at a time. */
export class GzipDecompressor {
  private underWay = 0;
  private readonly waiting: Waiting[] = [];

  /** Rejects with GrpcStatusError, in grpc-go's words; what unpacks to more than the limit is not unpacked further. */
  decompress(bytes: Buffer, messageBytesMax: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes, messageBytesMax, resolve, reject });
      this.next();
    });
  }

  private next(): void {
    if (this.underWay === UNDER_WAY_MAX) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    this.underWay++;
    gunzip(job.bytes, { maxOutputLength: job.messageBytesMax }, (error, unpacked) => {
      this.underWay--;
      if (error === null) job.resolve(unpacked);
      else job.reject(statusOf(error, job.messageBytesMax));
      this.next();
    });
  }
}

function statusOf(error: Error, messageBytesMax: number): GrpcStatusError {
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
    return new GrpcStatusError(GrpcCode.RESOURCE_EXHAUSTED, `grpc: received message after decompression larger than max ${messageBytesMax}`);
  }
  return new GrpcStatusError(GrpcCode.INTERNAL, `grpc: failed to decompress the received message: ${error.message}`);
}
