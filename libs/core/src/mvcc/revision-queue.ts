const CHUNK = 4096;

class QueueChunk {
  readonly main = new Float64Array(CHUNK);
  readonly first = new Uint32Array(CHUNK);
  readonly second = new Uint32Array(CHUNK);
}

/** A queue of (revision, number, number) in order of the revision, in typed arrays: what compaction will have to drop, and when. */
export class RevisionQueue {
  private chunks: QueueChunk[] = [];
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

  push(main: number, first: number, second: number): void {
    const at = this.tail++;
    if (at === this.chunks.length * CHUNK) this.chunks.push(new QueueChunk());
    const chunk = this.chunks[Math.floor(at / CHUNK)];
    chunk.main[at % CHUNK] = main;
    chunk.first[at % CHUNK] = first;
    chunk.second[at % CHUNK] = second;
  }

  /** The oldest revision, or Infinity. */
  get headMain(): number {
    return this.head === this.tail ? Infinity : this.chunks[0].main[this.head];
  }

  get headFirst(): number {
    return this.chunks[0].first[this.head];
  }

  get headSecond(): number {
    return this.chunks[0].second[this.head];
  }

  shift(): void {
    if (++this.head < CHUNK) return;
    this.chunks.shift();
    this.head = 0;
    this.tail -= CHUNK;
  }
}
