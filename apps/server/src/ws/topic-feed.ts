import type { ByteString, CancelTimer, Clock, KvApi, Watch, WatchBatch, WatchEvent, WsMode } from '@quorate/api';
import { presentRevision, type Scope, snapshotOf } from '@quorate/recipes';
import type { ChangeEncoder } from './change-encoder';

/** While history is read, nothing tells that its end was reached when its last revisions hold nothing of the scope. */
const CAUGHT_UP_CHECK_MS = 10;
/** Newest versions that are gathered, while older ones may still be replaced, before they are told. */
const NEWEST_BYTES_MAX = 1024 * 1024;

export interface TopicFeedOptions {
  readonly kv: KvApi;
  readonly clock: Clock;
  readonly scope: Scope<unknown, unknown>;
  readonly encoder: ChangeEncoder;
  readonly mode: WsMode;
  /** Begin strictly after this revision instead of with a snapshot. */
  readonly afterRevision?: number;
  /** Changes are gathered into one frame up to this size. */
  readonly changeBytesMax: number;
}

/**
 * What one subscription is told: a snapshot (none where it resumes), then changes in revision order, each once; after a
 * compaction a reset and a fresh snapshot. It is pulled: nothing is read while nobody polls, and `park` gives even the
 * watch back. Frames come as JSON without their beginning, `{"id":…`.
 */
export class TopicFeed {
  /** Called when `poll` has something again. */
  onReadable: () => void = () => undefined;
  /** The store has ended the watch, since the member stops. */
  stopped = false;
  private watch: Watch | undefined;
  private loading = false;
  private closed = false;
  /** Everything up to it was handed over; `undefined`: a snapshot comes next. */
  private place: number | undefined;
  /** A revision that a client names may lie above what the cluster has reached. */
  private placeIsForeign: boolean;
  private readonly ready: string[] = [];
  private readonly newest = new Map<ByteString, WatchEvent>();
  private newestBytes = 0;
  private readRevision = 0;
  private cancelCheck: CancelTimer | undefined;

  constructor(private readonly options: TopicFeedOptions) {
    this.place = options.afterRevision;
    this.placeIsForeign = options.afterRevision !== undefined;
  }

  /** It has neither a watch nor is it about to get one: `load` makes it go on. */
  get needsLoad(): boolean {
    return this.watch === undefined && !this.loading && !this.closed && this.ready.length === 0;
  }

  /** Reads the snapshot that is due, and opens the watch behind it. @throws ApiError */
  async load(): Promise<void> {
    const { kv, scope } = this.options;
    this.loading = true;
    try {
      const after = await this.startingPlace();
      const watch = await kv.watch({ key: scope.key, rangeEnd: scope.rangeEnd, startRevision: after + 1 });
      this.place = after;
      if (this.closed) return watch.close();
      this.watch = watch;
      watch.onReadable(() => { if (this.watch === watch) this.onReadable(); });
    } finally {
      this.loading = false;
    }
  }

  /** The next frame, or `undefined` while there is none. */
  poll(): string | undefined {
    const ready = this.ready.shift();
    if (ready !== undefined || !this.watch) return ready;
    return this.options.mode === 'all' ? this.pollAll(this.watch) : this.pollLatest(this.watch);
  }

  /** Gives the watch back, and with it all that it holds; history tells the rest after the next `load`. */
  park(): void {
    if (!this.watch) return;
    const progress = this.watch.progress();
    if (progress !== undefined && this.newest.size === 0) this.place = Math.max(this.place ?? 0, progress);
    this.forgetNewest();
    this.dropWatch();
  }

  close(): void {
    this.closed = true;
    this.ready.length = 0;
    this.forgetNewest();
    this.dropWatch();
  }

  private async startingPlace(): Promise<number> {
    const { kv, scope } = this.options;
    if (this.placeIsForeign && this.place !== undefined) {
      const present = await presentRevision(kv);
      if (this.place > present) this.reset(present);
      this.placeIsForeign = false;
    }
    if (this.place !== undefined) return this.place;
    const { revision, items, skipped } = await snapshotOf(kv, scope);
    const counted = skipped === 0 ? '' : `,"skipped":${skipped}`;
    if (!this.closed) this.ready.push(`,"type":"snapshot","revision":"${revision}","items":${JSON.stringify(items)}${counted}}`);
    return revision;
  }

  private pollAll(watch: Watch): string | undefined {
    const { encoder, scope, changeBytesMax } = this.options;
    const changes: string[] = [];
    let bytes = 0;
    while (bytes < changeBytesMax) {
      const batch = watch.poll();
      if (batch?.type !== 'events') {
        if (batch) this.take(batch);
        break;
      }
      this.place = batch.revision;
      for (const event of batch.events) {
        const text = encoder.encode(scope, event);
        if (text === undefined) continue;
        changes.push(text);
        bytes += text.length;
      }
    }
    return changes.length > 0 ? changeFrame(this.place as number, changes) : this.ready.shift();
  }

  private pollLatest(watch: Watch): string | undefined {
    for (;;) {
      const batch = watch.poll();
      if (batch?.type === 'events') {
        this.keepNewest(batch);
        if (this.newestBytes >= NEWEST_BYTES_MAX) return this.takeNewest();
        continue;
      }
      if (batch) {
        const frame = this.takeNewest();
        this.take(batch);
        return frame ?? this.ready.shift();
      }
      if (this.newest.size === 0) return undefined;
      if (watch.progress() !== undefined) return this.takeNewest();
      this.cancelCheck?.();
      this.cancelCheck = this.options.clock.setTimer(CAUGHT_UP_CHECK_MS, () => this.onReadable());
      return undefined;
    }
  }

  private keepNewest({ events, revision }: WatchBatch & { readonly type: 'events' }): void {
    for (const event of events) {
      const { key } = event.kv;
      if (this.options.scope.keyOf(key) === undefined) continue;
      this.newestBytes += event.kv.encoded.length - (this.newest.get(key)?.kv.encoded.length ?? 0);
      // Taken out first, so that the map stays in the order of revisions.
      this.newest.delete(key);
      this.newest.set(key, event);
    }
    this.readRevision = revision;
  }

  private takeNewest(): string | undefined {
    if (this.newest.size === 0) return undefined;
    this.place = this.readRevision;
    const changes: string[] = [];
    for (const event of this.newest.values()) {
      const text = this.options.encoder.encode(this.options.scope, event);
      if (text !== undefined) changes.push(text);
    }
    this.forgetNewest();
    return changeFrame(this.place, changes);
  }

  private forgetNewest(): void {
    this.cancelCheck?.();
    this.newest.clear();
    this.newestBytes = 0;
  }

  private take(batch: WatchBatch): void {
    switch (batch.type) {
      case 'compacted':
        this.reset(batch.revision);
        this.watch = undefined;
        return;
      case 'cancelled':
        this.stopped = true;
        this.watch = undefined;
        return;
      case 'progress':
      case 'events':
        this.place = Math.max(this.place ?? 0, batch.revision);
    }
  }

  private reset(revision: number): void {
    this.place = undefined;
    this.ready.push(`,"type":"reset","revision":"${revision}"}`);
  }

  private dropWatch(): void {
    const { watch } = this;
    this.watch = undefined;
    watch?.close();
  }
}

function changeFrame(revision: number, changes: readonly string[]): string {
  return `,"type":"change","revision":"${revision}","changes":[${changes.join(',')}]}`;
}
