/** The window of append messages that left for one follower and are not acknowledged: bounded by count and by bytes. */
export class Inflights {
  private readonly indexes: number[] = [];
  private readonly sizes: number[] = [];
  /** Position of the oldest message in the ring. */
  private head = 0;
  private length = 0;
  private totalBytes = 0;

  /** `maxBytes` 0 = unlimited. The byte limit may be exceeded by the last message, so that any message can pass. */
  constructor(private readonly maxMessages: number, private readonly maxBytes: number) {}

  get count(): number {
    return this.length;
  }

  get bytes(): number {
    return this.totalBytes;
  }

  get full(): boolean {
    return this.length >= this.maxMessages || (this.maxBytes > 0 && this.totalBytes >= this.maxBytes);
  }

  /** Notes a message whose last entry is `index`; indexes ascend. */
  add(index: number, bytes: number): void {
    const at = (this.head + this.length) % this.maxMessages;
    this.indexes[at] = index;
    this.sizes[at] = bytes;
    this.length++;
    this.totalBytes += bytes;
  }

  /** Frees every message whose last entry is at or below `index`. */
  freeThrough(index: number): void {
    while (this.length > 0 && this.indexes[this.head]! <= index) {
      this.totalBytes -= this.sizes[this.head]!;
      this.head = (this.head + 1) % this.maxMessages;
      this.length--;
    }
  }

  clear(): void {
    this.head = 0;
    this.length = 0;
    this.totalBytes = 0;
  }
}
