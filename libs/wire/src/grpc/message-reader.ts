import { GrpcCode } from '@quorate/api';
import { GrpcStatusError } from './status';

const PREFIX_BYTES = 5;

export interface GrpcMessage {
  readonly compressed: boolean;
  /** Part of a chunk that was pushed, or a buffer of its own where several chunks made it. */
  readonly bytes: Buffer;
}

/**
 * Cuts the body of a gRPC call (HTTP/2 DATA, in whatever pieces it comes) into messages: a flag byte, a length of four
 * bytes, the message. Keeps at most one unfinished message, of no more than `messageBytesMax`.
 */
export class GrpcMessageReader {
  private chunks: Buffer[] = [];
  private bufferedBytes = 0;

  constructor(private readonly messageBytesMax: number) {}

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bufferedBytes += chunk.length;
  }

  /**
   * The next message that is there as a whole.
   * @throws GrpcStatusError for a flag that gRPC does not know and for a message that is too large; the call is over then
   */
  next(): GrpcMessage | undefined {
    if (this.bufferedBytes < PREFIX_BYTES) return undefined;
    const prefix = this.atLeast(PREFIX_BYTES);
    const flag = prefix[0] as number;
    if (flag > 1) throw new GrpcStatusError(GrpcCode.INTERNAL, `grpc: received unexpected payload format ${flag}`);
    const length = prefix.readUInt32BE(1);
    if (length > this.messageBytesMax) {
      throw new GrpcStatusError(GrpcCode.RESOURCE_EXHAUSTED, `grpc: received message larger than max (${length} vs. ${this.messageBytesMax})`);
    }
    const end = PREFIX_BYTES + length;
    if (this.bufferedBytes < end) return undefined;
    const first = this.atLeast(end);
    this.bufferedBytes -= end;
    if (first.length === end) this.chunks.shift();
    else this.chunks[0] = first.subarray(end);
    return { compressed: flag === 1, bytes: first.subarray(PREFIX_BYTES, end) };
  }

  /** Bytes of a message that is not whole; at the end of a call they make it an error (`unexpected EOF`). */
  get pendingBytes(): number {
    return this.bufferedBytes;
  }

  /** Joins chunks until the first one has `count` bytes, all of them at once, so that no byte is moved more than twice. */
  private atLeast(count: number): Buffer {
    const first = this.chunks[0] as Buffer;
    if (first.length >= count) return first;
    const joined = Buffer.concat(count === PREFIX_BYTES ? this.takePrefixChunks() : this.chunks);
    if (count === PREFIX_BYTES) this.chunks.unshift(joined);
    else this.chunks = [joined];
    return joined;
  }

  /** As many chunks as the prefix is spread over. */
  private takePrefixChunks(): Buffer[] {
    let count = 0;
    for (let bytes = 0; bytes < PREFIX_BYTES; count++) bytes += (this.chunks[count] as Buffer).length;
    return this.chunks.splice(0, count);
  }
}

/** A message with gRPC's prefix, for bytes that are encoded already. */
export function frameMessage(bytes: Uint8Array, compressed = false): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
  frame[0] = compressed ? 1 : 0;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, PREFIX_BYTES);
  return frame;
}
