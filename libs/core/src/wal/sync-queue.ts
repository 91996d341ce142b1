import type { WalFailedError } from './errors';
import type { Segment } from './segment';

/** Shares syncs: one at a time, each for everything that was written before it began. */
export class SyncQueue {
  /** Segments with bytes that no started sync covers, oldest first. */
  private unsynced: Segment[] = [];
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;

  /** @param fail takes note of a failure and returns what waiters get */
  constructor(private readonly fail: (error: unknown) => WalFailedError) {}

  /** Bytes were handed to the operating system. */
  written(segment: Segment): void {
    if (this.unsynced[this.unsynced.length - 1] !== segment) this.unsynced.push(segment);
  }

  /** Resolves when everything written before the call is durable. */
  sync(): Promise<void> {
    if (this.queued) return this.queued;
    if (this.running === undefined) return this.unsynced.length === 0 ? Promise.resolve() : this.start();
    if (this.unsynced.length === 0) return this.running;
    this.queued = this.running.then(() => {
      this.queued = undefined;
      return this.start();
    });
    return this.queued;
  }

  /** Resolves when no sync is under way any more, whatever became of it. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.queued ?? this.running]);
  }

  private start(): Promise<void> {
    const segments = this.unsynced;
    this.unsynced = [];
    this.running = this.syncAll(segments).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Oldest first, so that what is durable has no hole. */
  private async syncAll(segments: readonly Segment[]): Promise<void> {
    const ends = segments.map((segment) => segment.writtenBytes);
    try {
      for (let at = 0; at < segments.length; at++) {
        await segments[at]!.file.sync();
        segments[at]!.syncedBytes = ends[at]!;
      }
    } catch (error) {
      throw this.fail(error);
    }
  }
}
