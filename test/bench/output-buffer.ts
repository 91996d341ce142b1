import type { Socket } from 'node:net';
import { FRAME_HEADER_BYTES, writeFrameHeader, writeUint32 } from './frames';

const BUFFER_BYTES = 64 * 1024;
const SPARE_BUFFERS_MAX = 8;

/**
 * Collects the frames of one loop turn and hands them to the socket in one write. The kernel may read a buffer until its
 * write is reported done, so buffers in flight are only taken again after that.
 */
export class OutputBuffer {
  private bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private length = 0;
  private readonly spare: Buffer[] = [];
  private readonly inFlight: Buffer[] = [];
  private readonly onWritten = (): void => {
    const written = this.inFlight.shift();
    if (written?.length === BUFFER_BYTES && this.spare.length < SPARE_BUFFERS_MAX) this.spare.push(written);
  };

  constructor(private readonly socket: Socket) {}

  /** A frame whose payload is source[start, end), which is copied at once. */
  appendFrame(type: number, flags: number, streamId: number, source: Buffer, start: number, end: number): void {
    const position = this.reserve(FRAME_HEADER_BYTES + end - start);
    const body = writeFrameHeader(this.bytes, position, end - start, type, flags, streamId);
    source.copy(this.bytes, body, start, end);
    this.length = body + end - start;
  }

  /** A frame whose payload is one 32-bit number. */
  appendUint32Frame(type: number, streamId: number, value: number): void {
    const position = this.reserve(FRAME_HEADER_BYTES + 4);
    this.length = writeUint32(this.bytes, writeFrameHeader(this.bytes, position, 4, type, 0, streamId), value);
  }

  append(source: Uint8Array): void {
    const position = this.reserve(source.length);
    this.bytes.set(source, position);
    this.length += source.length;
  }

  flush(): void {
    if (this.length === 0 || this.socket.destroyed) return;
    this.inFlight.push(this.bytes);
    this.socket.write(this.bytes.subarray(0, this.length), this.onWritten);
    this.bytes = this.spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.length = 0;
  }

  /** Makes room for `count` more bytes and returns the position to write them at. */
  private reserve(count: number): number {
    if (this.bytes.length - this.length < count) {
      this.flush();
      if (count > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(count);
    }
    return this.length;
  }
}
