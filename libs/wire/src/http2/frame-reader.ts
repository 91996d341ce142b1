import { CLIENT_PREFACE, DEFAULT_FRAME_BYTES_MAX, FRAME_HEADER_BYTES, readUint31 } from './protocol.table';

/** Takes frames as they are found. */
export interface FrameSink {
  /** `bytes[start, end)` is the payload, valid during the call. False: read no further. */
  onFrame(bytes: Buffer, type: number, flags: number, streamId: number, start: number, end: number): boolean;
}

export type FrameFault = 'preface' | 'frame size';

/**
 * Cuts what a client sends into its preface and frames. Whole frames are handed on where they lie; only a frame that
 * is spread over several chunks is copied, once.
 */
export class FrameReader {
  private prefaceBytes = 0;
  /** The beginning of a frame: its first `carried` bytes, in a buffer as large as is known to be needed. */
  private carry: Buffer | undefined;
  private carried = 0;

  get hasPreface(): boolean {
    return this.prefaceBytes === CLIENT_PREFACE.length;
  }

  /** After a fault nothing more can be read. */
  push(chunk: Buffer, sink: FrameSink): FrameFault | undefined {
    let at = 0;
    while (this.prefaceBytes < CLIENT_PREFACE.length) {
      if (at === chunk.length) return undefined;
      if (chunk[at++] !== CLIENT_PREFACE[this.prefaceBytes++]) return 'preface';
    }
    if (this.carry !== undefined) {
      const taken = this.complete(this.carry, chunk, at, sink);
      if (typeof taken !== 'number') return taken === 'stopped' ? undefined : taken;
      at = taken;
    }
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const length = lengthAt(chunk, at);
      if (length > DEFAULT_FRAME_BYTES_MAX) return 'frame size';
      const start = at + FRAME_HEADER_BYTES;
      const end = start + length;
      if (end > chunk.length) break;
      if (!sink.onFrame(chunk, chunk[at + 3] as number, chunk[at + 4] as number, readUint31(chunk, at + 5), start, end)) return undefined;
      at = end;
    }
    if (at < chunk.length) this.keep(chunk, at);
    return undefined;
  }

  private keep(chunk: Buffer, at: number): void {
    const count = chunk.length - at;
    this.carry = Buffer.allocUnsafe(FRAME_HEADER_BYTES + (count >= FRAME_HEADER_BYTES ? lengthAt(chunk, at) : 0));
    this.carried = chunk.copy(this.carry, 0, at);
  }

  /** Goes on with the frame begun before; the position in the chunk after what it took. */
  private complete(begun: Buffer, chunk: Buffer, from: number, sink: FrameSink): number | 'stopped' | FrameFault {
    let carry = begun;
    let at = from;
    if (this.carried < FRAME_HEADER_BYTES) {
      const count = chunk.copy(carry, this.carried, at, at + FRAME_HEADER_BYTES - this.carried);
      this.carried += count;
      at += count;
      if (this.carried < FRAME_HEADER_BYTES) return at;
      const length = lengthAt(carry, 0);
      if (length > DEFAULT_FRAME_BYTES_MAX) return 'frame size';
      this.carry = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
      carry.copy(this.carry);
      carry = this.carry;
    }
    const count = chunk.copy(carry, this.carried, at, at + carry.length - this.carried);
    this.carried += count;
    at += count;
    if (this.carried < carry.length) return at;
    this.carry = undefined;
    this.carried = 0;
    const goOn = sink.onFrame(carry, carry[3] as number, carry[4] as number, readUint31(carry, 5), FRAME_HEADER_BYTES, carry.length);
    return goOn ? at : 'stopped';
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
