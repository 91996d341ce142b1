import type { Watch, WatchBatch, WatchEvent, WatchRequest } from '@quorate/api';
import { EventType, WatchFilter } from '@quorate/api';

/** Undelivered bytes that one watcher may hold before it falls behind and reads the rest from history. */
export const WATCHER_QUEUE_BYTES_MAX = 1024 * 1024;
/** What a queued event costs beside the bytes of its versions: object headers and slots. */
const EVENT_OVERHEAD_BYTES = 64;

/** What a watcher asks of its hub. */
export interface WatcherOwner {
  readonly currentRevision: number;
  /** The watcher has room again and wants what it missed. */
  catchUp(watcher: Watcher): void;
  forget(watcher: Watcher): void;
}

/**
 * One watch. `synced`: it gets events as they are applied. `behind`: its queue was full, or it started in the past; it
 * takes nothing from the present and, once its queue is drained, asks the hub for history from `nextRevision` on.
 * Either way batches enter the queue in revision order, each revision once and whole.
 */
export class Watcher implements Watch {
  readonly createdRevision: number;
  /** The first revision that has not been queued yet. */
  nextRevision: number;
  synced = false;
  ended = false;
  private queue: WatchBatch[] = [];
  private head = 0;
  private queuedBytes = 0;
  private listener: (() => void) | undefined;
  private readonly wantsPuts: boolean;
  private readonly wantsDeletes: boolean;
  readonly wantsPrevKv: boolean;
  /** Filters and `prevKv` as a small number: watchers of the same kind get the same of the same events. */
  readonly kind: number;

  constructor(private readonly owner: WatcherOwner, readonly request: WatchRequest) {
    this.createdRevision = owner.currentRevision;
    const start = request.startRevision ?? 0;
    this.nextRevision = start === 0 ? this.createdRevision + 1 : start;
    this.wantsPuts = !request.filters?.includes(WatchFilter.NOPUT);
    this.wantsDeletes = !request.filters?.includes(WatchFilter.NODELETE);
    this.wantsPrevKv = request.prevKv ?? false;
    this.kind = (this.wantsPuts ? 1 : 0) | (this.wantsDeletes ? 2 : 0) | (this.wantsPrevKv ? 4 : 0);
  }

  wants(event: WatchEvent): boolean {
    return event.type === EventType.PUT ? this.wantsPuts : this.wantsDeletes;
  }

  /** Queues the events of one revision, or falls behind where there is no room. @returns whether there was room */
  deliver(batch: WatchBatch & { type: 'events' }, bytes: number): boolean {
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > WATCHER_QUEUE_BYTES_MAX) {
      this.synced = false;
      this.nextRevision = batch.revision;
      return false;
    }
    this.nextRevision = batch.revision + 1;
    this.queuedBytes += bytes;
    this.enqueue(batch);
    return true;
  }

  hasRoom(): boolean {
    return this.queuedBytes < WATCHER_QUEUE_BYTES_MAX;
  }

  /** Queues the last batch of this watch. */
  end(batch: WatchBatch): void {
    if (this.ended) return;
    this.ended = true;
    this.synced = false;
    this.owner.forget(this);
    this.enqueue(batch);
  }

  poll(): WatchBatch | undefined {
    const batch = this.queue[this.head];
    if (batch === undefined) return undefined;
    this.head++;
    if (this.head === this.queue.length) {
      this.queue = [];
      this.head = 0;
      this.queuedBytes = 0;
      if (!this.synced && !this.ended) this.owner.catchUp(this);
    }
    return batch;
  }

  onReadable(listener: () => void): void {
    this.listener = listener;
    if (this.head < this.queue.length) listener();
  }

  progress(): number | undefined {
    const current = this.owner.currentRevision;
    const delivered = this.synced && this.head === this.queue.length && this.nextRevision <= current + 1;
    return delivered ? current : undefined;
  }

  close(): void {
    if (this.ended) {
      this.queue = [];
      this.head = 0;
      return;
    }
    this.ended = true;
    this.synced = false;
    this.queue = [];
    this.head = 0;
    this.owner.forget(this);
    this.listener?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    let wake: (() => void) | undefined;
    this.onReadable(() => wake?.());
    try {
      for (;;) {
        const batch = this.poll();
        if (batch) yield batch;
        else if (this.ended) return;
        else await new Promise<void>((resolve) => { wake = resolve; });
      }
    } finally {
      this.close();
    }
  }

  private enqueue(batch: WatchBatch): void {
    this.queue.push(batch);
    if (this.head === this.queue.length - 1) this.listener?.();
  }
}

/** Bytes that a batch of events holds in a queue. */
export function queuedBytesOf(events: readonly WatchEvent[]): number {
  let bytes = 0;
  for (const event of events) {
    bytes += EVENT_OVERHEAD_BYTES + event.kv.encoded.length + (event.prevKv ? event.prevKv.encoded.length : 0);
  }
  return bytes;
}
