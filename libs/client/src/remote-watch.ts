import { type Watch, type WatchBatch, type WatchEvent, type WatchRequest } from '@quorate/api';

/** Undelivered bytes that one watch may hold before it is given up on the server and read again from history. */
const QUEUE_BYTES_MAX = 1024 * 1024;
/** What a queued event costs beside the bytes of its versions: object headers and slots. */
const EVENT_OVERHEAD_BYTES = 64;

/** What a watch asks of the channel that it lives on. */
export interface WatchOwner {
  /** Its queue is full: the server need not send more. */
  suspend(watch: RemoteWatch): void;
  /** It has room again and wants everything from its `nextRevision` on. */
  resume(watch: RemoteWatch): void;
  forget(watch: RemoteWatch): void;
}

/**
 * One watch as its reader sees it, whatever happens to the streams below: batches of one revision each, in order, each
 * once. `nextRevision` moves in the same step in which a revision is queued, and every new stream begins there.
 */
export class RemoteWatch implements Watch {
  createdRevision = 0;
  /** The first revision that has not been queued; 0 until a watch "from now on" was created. */
  nextRevision: number;
  /** Whether the server has confirmed it once. */
  created = false;
  ended = false;
  /** Given up on the server until the queue is read. */
  suspended = false;
  /** Parts of a response whose last part has not come yet. */
  private parts: WatchEvent[] | undefined;
  private queue: WatchBatch[] = [];
  private head = 0;
  private queuedBytes = 0;
  private toldRevision: number | undefined;
  private listener: (() => void) | undefined;

  constructor(private readonly owner: WatchOwner, readonly request: WatchRequest) {
    this.nextRevision = request.startRevision ?? 0;
  }

  /** The server has created it, for the first time or again. */
  confirm(revision: number): void {
    this.parts = undefined;
    if (this.created) return;
    this.created = true;
    this.createdRevision = revision;
    if (this.nextRevision === 0) this.nextRevision = revision + 1;
    if (this.nextRevision > revision) this.toldRevision = revision;
  }

  /** Events of one response, or of a part of one. */
  receive(events: readonly WatchEvent[], hasMoreParts: boolean): void {
    if (hasMoreParts || this.parts) (this.parts ??= []).push(...events);
    if (hasMoreParts) return;
    const whole = this.parts ?? events;
    this.parts = undefined;
    for (let at = 0; at < whole.length && !this.suspended && !this.ended;) {
      const { modRevision } = (whole[at] as WatchEvent).kv;
      const from = at;
      while (at < whole.length && (whole[at] as WatchEvent).kv.modRevision === modRevision) at++;
      this.deliver(modRevision, from === 0 && at === whole.length ? whole : whole.slice(from, at));
    }
  }

  /** The server has told everything up to `revision`. */
  receiveProgress(revision: number): void {
    if (this.suspended || revision + 1 < this.nextRevision) return;
    this.nextRevision = revision + 1;
    const last = this.queue.length - 1;
    if (last > this.head && this.queue[last]?.type === 'progress') this.queue[last] = { type: 'progress', revision };
    else this.enqueue({ type: 'progress', revision });
  }

  /** Queues the last batch. */
  end(batch: WatchBatch): void {
    if (this.ended) return;
    this.ended = true;
    this.owner.forget(this);
    this.enqueue(batch);
  }

  /** Whatever a broken stream had begun to say is said again by the next one. */
  dropParts(): void {
    this.parts = undefined;
  }

  poll(): WatchBatch | undefined {
    const batch = this.queue[this.head];
    if (batch === undefined) return undefined;
    this.toldRevision = batch.revision;
    this.head++;
    if (this.head === this.queue.length) {
      this.queue = [];
      this.head = 0;
      this.queuedBytes = 0;
      if (this.suspended && !this.ended) {
        this.suspended = false;
        this.owner.resume(this);
      }
    }
    return batch;
  }

  onReadable(listener: () => void): void {
    this.listener = listener;
    if (this.head < this.queue.length) listener();
  }

  progress(): number | undefined {
    return this.head === this.queue.length && !this.suspended ? this.toldRevision : undefined;
  }

  close(): void {
    this.queue = [];
    this.head = 0;
    if (this.ended) return;
    this.ended = true;
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

  private deliver(revision: number, events: readonly WatchEvent[]): void {
    if (revision < this.nextRevision) return;
    const bytes = bytesOf(events);
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > QUEUE_BYTES_MAX) {
      this.suspended = true;
      this.nextRevision = revision;
      this.owner.suspend(this);
      return;
    }
    this.nextRevision = revision + 1;
    this.queuedBytes += bytes;
    this.enqueue({ type: 'events', revision, events });
  }

  private enqueue(batch: WatchBatch): void {
    this.queue.push(batch);
    if (this.head === this.queue.length - 1) this.listener?.();
  }
}

function bytesOf(events: readonly WatchEvent[]): number {
  let bytes = 0;
  for (const { kv, prevKv } of events) bytes += EVENT_OVERHEAD_BYTES + kv.encoded.length + (prevKv ? prevKv.encoded.length : 0);
  return bytes;
}
