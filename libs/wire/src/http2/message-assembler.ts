const BYTES_MIN = 1024;

/**
 * Keeps what has come of messages that are not whole, or not wanted yet. Memory follows what was received, not what a
 * length announces. A buffer is never written to where a message was taken from it.
 */
export class MessageAssembler {
  private buffer: Buffer = Buffer.allocUnsafe(0);
  private start = 0;
  private end = 0;

  /** Bytes kept. */
  get length(): number {
    return this.end - this.start;
  }

  /** Copies `bytes[from, to)`. `expected`: bytes that the first message has in all, where that is known. */
  push(bytes: Buffer, from: number, to: number, expected: number): void {
    const needed = this.length + to - from;
    if (this.end + to - from > this.buffer.length) {
      const grown = Math.max(needed, 2 * this.length, BYTES_MIN);
      const larger = Buffer.allocUnsafe(needed < expected ? Math.min(grown, expected) : grown);
      this.buffer.copy(larger, 0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
      this.buffer = larger;
    }
    bytes.copy(this.buffer, this.end, from, to);
    this.end += to - from;
  }

  byte(at: number): number {
    return this.buffer[this.start + at] as number;
  }

  uint32(at: number): number {
    return this.buffer.readUInt32BE(this.start + at);
  }

  /** Takes the first `count` bytes; the part of them from `from` on. */
  take(from: number, count: number): Buffer {
    const part = this.buffer.subarray(this.start + from, this.start + count);
    this.start += count;
    return part;
  }
}
