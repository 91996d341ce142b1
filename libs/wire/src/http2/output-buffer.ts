import { type BufferPool, POOLED_BYTES_MAX } from './buffer-pool';
import { FRAME_HEADER_BYTES, writeFrameHeader, writeUint32 } from './protocol.table';

/** A filled buffer of the pool: its first `length` bytes are to be written, then it goes back to the pool. */
export interface FilledBuffer {
  readonly buffer: Buffer;
  readonly length: number;
}

/** Collects the frames that a connection sends in one loop turn. */
export class OutputBuffer {
  /** Bytes collected. */
  length = 0;
  private current: Buffer | undefined;
  private at = 0;
  private full: FilledBuffer[] = [];

  constructor(private readonly pool: BufferPool) {}

  /** A frame with `payload[start, end)`, which is copied at once. */
  appendFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES + end - start);
    this.at = writeFrameHeader(bytes, this.at, end - start, type, flags, streamId);
    this.appendReserved(bytes, payload, start, end);
    this.length += FRAME_HEADER_BYTES + end - start;
  }

  /** A frame header whose payload, of at most half of the largest pooled buffer, follows by `appendPayload`. */
  appendHeader(payloadBytes: number, type: number, flags: number, streamId: number): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES + payloadBytes);
    this.at = writeFrameHeader(bytes, this.at, payloadBytes, type, flags, streamId);
    this.length += FRAME_HEADER_BYTES;
  }

  appendPayload(payload: Buffer, start: number, end: number): void {
    this.appendReserved(this.current as Buffer, payload, start, end);
    this.length += end - start;
  }

  /** A frame whose payload is 32 bits. */
  appendUint32Frame(type: number, streamId: number, value: number): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES + 4);
    this.at = writeUint32(bytes, writeFrameHeader(bytes, this.at, 4, type, 0, streamId), value);
    this.length += FRAME_HEADER_BYTES + 4;
  }

  /** Whole frames. */
  appendRaw(frames: Buffer): void {
    this.appendReserved(this.reserve(frames.length), frames, 0, frames.length);
    this.length += frames.length;
  }

  /** What was collected; it is the caller's now. */
  take(): readonly FilledBuffer[] {
    const taken = this.full;
    if (this.current !== undefined) taken.push({ buffer: this.current, length: this.at });
    this.full = [];
    this.current = undefined;
    this.at = 0;
    this.length = 0;
    return taken;
  }

  private appendReserved(bytes: Buffer, payload: Buffer, start: number, end: number): void {
    if (end - start > 24) payload.copy(bytes, this.at, start, end);
    else for (let from = start, to = this.at; from < end; from++, to++) bytes[to] = payload[from] as number;
    this.at += end - start;
  }

  /** Makes room for `count` more bytes in one buffer. */
  private reserve(count: number): Buffer {
    const { current } = this;
    if (current !== undefined && current.length - this.at >= count) return current;
    return this.replaceCurrent(count);
  }

  private replaceCurrent(count: number): Buffer {
    const { current } = this;
    if (current !== undefined && this.at + count <= POOLED_BYTES_MAX) {
      const larger = this.pool.take(this.at + count);
      current.copy(larger, 0, 0, this.at);
      this.pool.give(current);
      return (this.current = larger);
    }
    if (current !== undefined) this.full.push({ buffer: current, length: this.at });
    this.at = 0;
    return (this.current = this.pool.take(count));
  }
}
