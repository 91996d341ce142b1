import { GRPC_PREFIX_BYTES, readUint32 } from './frames';
import { ProtobufError } from './protobuf';

/** Ends of a stream that are no gRPC status (those are 0 and above). */
export const StreamEnd = {
  /** Ended by the server without a grpc-status. */
  noStatus: -1,
  /** RST_STREAM. */
  reset: -2,
  /** A `:status` other than 200. */
  httpStatus: -3,
  /** A message that is compressed without having been asked for, larger than any answer may be, cut off, or no protobuf. */
  badMessage: -4,
} as const;

/** Far above what any workload asks for; protects the generator from a length prefix of garbage. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

export interface StreamListener {
  /** One whole gRPC message lies in bytes[start, end), valid only during the call. A `ProtobufError` ends the stream as `badMessage`. */
  onMessage(stream: ClientStream, bytes: Buffer, start: number, end: number): void;
  /** The stream is over with a gRPC status (0 and above) or a `StreamEnd`. */
  onEnd(stream: ClientStream, status: number, message: string): void;
}

/**
 * One call on a connection. A closed loop keeps one of these per call in flight and starts it again for the next call,
 * so that a call allocates nothing.
 */
export class ClientStream {
  /** HTTP/2 stream id of the present call; 0 before the first. */
  id = 0;
  /** Bytes that may still be sent on this stream. */
  sendWindow = 0;
  /** Bytes received and not yet given back by a WINDOW_UPDATE. */
  received = 0;
  /** Request bytes wait for window; later ones must queue behind them. */
  stalled = false;
  private partial: Buffer | null = null;
  private partialLength = 0;

  /** @param slot the caller's number for this stream */
  constructor(
    readonly slot: number,
    readonly listener: StreamListener,
  ) {}

  reset(id: number, sendWindow: number): void {
    this.id = id;
    this.sendWindow = sendWindow;
    this.received = 0;
    this.stalled = false;
    this.partialLength = 0;
  }

  /** Passes on every message that is whole with these DATA bytes, keeps the rest; false if the message is not acceptable. */
  receive(bytes: Buffer, start: number, end: number): boolean {
    let source = bytes;
    let position = start;
    let limit = end;
    if (this.partialLength > 0) {
      this.keep(bytes, start, end);
      source = this.partial ?? bytes;
      position = 0;
      limit = this.partialLength;
    }
    while (limit - position >= GRPC_PREFIX_BYTES) {
      const length = readUint32(source, position + 1);
      if (source[position] !== 0 || length > MESSAGE_BYTES_MAX) return false;
      const next = position + GRPC_PREFIX_BYTES + length;
      if (next > limit) break;
      if (!this.deliver(source, position + GRPC_PREFIX_BYTES, next)) return false;
      position = next;
    }
    this.keepOnly(source, position, limit);
    return true;
  }

  /** True if the stream's bytes end inside a message. */
  get hasPartialMessage(): boolean {
    return this.partialLength > 0;
  }

  private deliver(source: Buffer, start: number, end: number): boolean {
    try {
      this.listener.onMessage(this, source, start, end);
      return true;
    } catch (error) {
      if (error instanceof ProtobufError) return false;
      throw error;
    }
  }

  private keepOnly(source: Buffer, start: number, end: number): void {
    if (source === this.partial) {
      if (start > 0) source.copy(source, 0, start, end);
      this.partialLength = end - start;
    } else if (end > start) {
      this.keep(source, start, end);
    }
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.partialLength + end - start;
    if (this.partial === null || this.partial.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed * 2, 1024));
      if (this.partial !== null) this.partial.copy(grown, 0, 0, this.partialLength);
      this.partial = grown;
    }
    bytes.copy(this.partial, this.partialLength, start, end);
    this.partialLength = needed;
  }
}
