import type { DiskFile } from '../ports/disk';
import type { SegmentHeader } from './format';

/** A segment in use: of the live log, or the one that is being written. */
export class Segment {
  /** Durable from its start up to here. */
  syncedBytes = 0;
  /** Reads under way; the file is not recycled before they are done. */
  private readonly reads = new Set<Promise<unknown>>();

  constructor(
    readonly name: string,
    readonly header: SegmentHeader,
    readonly file: DiskFile,
    /** Where the next frame goes. */
    public writtenBytes: number,
  ) {}

  get sequence(): number {
    return this.header.sequence;
  }

  get roomBytes(): number {
    return this.header.sizeBytes - this.writtenBytes;
  }

  get isSynced(): boolean {
    return this.syncedBytes === this.writtenBytes;
  }

  /** Keeps the file open, and its bytes as they are, until `work` is done. */
  keepFor(work: Promise<unknown>): void {
    this.reads.add(work);
    const forget = (): void => {
      this.reads.delete(work);
    };
    work.then(forget, forget);
  }

  async readsDone(): Promise<void> {
    await Promise.allSettled(this.reads);
  }
}
