import type { Socket } from 'node:net';

const BUFFER_BYTES = 64 * 1024;
const SPARE_BUFFERS_MAX = 8;

/**
 * Collects the frames of one loop turn and hands them to the socket in one write. The kernel may read a buffer until its
 * write is reported done, so buffers in flight are only taken again after that.
 */
export class OutputBuffer {
  /** The buffer to write into at `length`, after `reserve`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  length = 0;
  private readonly spare: Buffer[] = [];
  private readonly inFlight: Buffer[] = [];
  private readonly onWritten = (): void => {
    const written = this.inFlight.shift();
    if (written?.length === BUFFER_BYTES && this.spare.length < SPARE_BUFFERS_MAX) this.spare.push(written);
  };

  constructor(private readonly socket: Socket) {}

  /** Makes room for `count` more bytes and returns the position to write them at; the caller then advances `length`. */
  reserve(count: number): number {
    if (this.bytes.length - this.length < count) {
      this.flush();
      if (count > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(count);
    }
    return this.length;
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
}
