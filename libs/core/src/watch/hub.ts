import type { WatchBatch, WatchEvent, WatchRequest } from '@quorate/api';
import { ApiError } from '@quorate/api';
import type { HistorySlice, RevisionEvents } from '../mvcc/store-options';
import type { HistorySource } from './history-source';
import { RangeSet } from './range-set';
import { queuedBytesOf, Watcher, type WatcherOwner } from './watcher';

/** Bytes of history that one step of catching up reads. */
const CATCH_UP_SLICE_BYTES = 256 * 1024;
/** Watchers that share one read of history (etcd: `maxWatchersPerSync`). */
const CATCH_UP_WATCHERS_MAX = 512;

type EventBatch = WatchBatch & { type: 'events' };

/**
 * Brings the changes of one member's store to its watchers. Those that are up to date get them at apply, by `publish`;
 * those that are behind share reads of history. Order, uniqueness and completeness rest on one rule: a watcher takes
 * exactly the revisions from its `nextRevision` on, and moves it in the same synchronous step in which it queues them.
 */
export class WatchHub implements WatcherOwner {
  private readonly watchers = new RangeSet<Watcher>();
  private readonly behind = new Set<Watcher>();
  private openCount = 0;
  private catchingUp = false;
  private stopped = false;

  /** @param onFailure told when history could not be read; the member cannot go on then. */
  constructor(private readonly source: HistorySource, private readonly onFailure: (error: Error) => void) {}

  get currentRevision(): number {
    return this.source.currentRevision;
  }

  /** Watches that are open, and those of them that are behind. */
  get counts(): { readonly open: number; readonly behind: number } {
    return { open: this.openCount, behind: this.behind.size };
  }

  /** @throws ApiError `watch_range_empty` where no key can be in the range. */
  open(request: WatchRequest): Watcher {
    const key = request.key.length === 0 ? '\0' : request.key;
    const rangeEnd = request.rangeEnd ?? '';
    if (rangeEnd.length > 0 && rangeEnd !== '\0' && rangeEnd <= key) throw new ApiError('watch_range_empty');
    const watcher = new Watcher(this, { ...request, key, rangeEnd });
    if (this.stopped) throw new ApiError('stopped');
    this.openCount++;
    this.watchers.add(key, rangeEnd, watcher);
    if (watcher.nextRevision > this.source.currentRevision) watcher.synced = true;
    else this.catchUp(watcher);
    return watcher;
  }

  /** Hands the changes of a revision that has just become visible to the watchers that are up to date. */
  publish(revision: number, events: readonly WatchEvent[]): void {
    if (this.watchers.isEmpty) return;
    if (events.length === 1) this.publishOne(revision, events[0] as WatchEvent);
    else this.publishMany(revision, events);
  }

  /** Ends every watch with this reason. */
  stop(reason: string): void {
    this.stopped = true;
    const all = new Set<Watcher>();
    this.watchers.forEachSet((members) => { for (const watcher of members) all.add(watcher); });
    for (const watcher of all) watcher.end({ type: 'cancelled', revision: this.source.currentRevision, reason });
  }

  catchUp(watcher: Watcher): void {
    if (watcher.ended) return;
    this.behind.add(watcher);
    if (!this.catchingUp) void this.catchUpAll();
  }

  forget(watcher: Watcher): void {
    this.openCount--;
    this.behind.delete(watcher);
    this.watchers.remove(watcher.request.key, watcher.request.rangeEnd ?? '', watcher);
  }

  private publishOne(revision: number, event: WatchEvent): void {
    // Collected first: a listener may close watches, which changes the set that is being walked.
    const matched: Watcher[] = [];
    this.watchers.forEachCovering(event.kv.key, (members) => {
      for (const watcher of members) if (isDue(watcher, revision, event)) matched.push(watcher);
    });
    if (matched.length === 0) return;
    const plain: EventBatch = { type: 'events', revision, events: [withoutPrevKv(event)] };
    const full: EventBatch = event.prevKv ? { type: 'events', revision, events: [event] } : plain;
    const plainBytes = queuedBytesOf(plain.events);
    const fullBytes = queuedBytesOf(full.events);
    for (const watcher of matched) {
      if (watcher.wantsPrevKv) watcher.deliver(full, fullBytes);
      else watcher.deliver(plain, plainBytes);
    }
  }

  private publishMany(revision: number, events: readonly WatchEvent[]): void {
    const matched = new Map<Watcher, WatchEvent[]>();
    for (const event of events) {
      const plain = withoutPrevKv(event);
      this.watchers.forEachCovering(event.kv.key, (members) => {
        for (const watcher of members) {
          if (!isDue(watcher, revision, event)) continue;
          const chosen = watcher.wantsPrevKv ? event : plain;
          const list = matched.get(watcher);
          if (list) list.push(chosen);
          else matched.set(watcher, [chosen]);
        }
      });
    }
    for (const [watcher, list] of matched) watcher.deliver({ type: 'events', revision, events: list }, queuedBytesOf(list));
  }

  private async catchUpAll(): Promise<void> {
    this.catchingUp = true;
    try {
      while (this.behind.size > 0) {
        const group = this.nextGroup();
        const from = group.reduce((least, watcher) => Math.min(least, watcher.nextRevision), Number.MAX_SAFE_INTEGER);
        const slice = await this.source.history(from, CATCH_UP_SLICE_BYTES, {
          prevKv: group.some((watcher) => watcher.wantsPrevKv),
          wanted: (key) => group.some((watcher) => covers(watcher.request.key, watcher.request.rangeEnd ?? '', key)),
        });
        for (const watcher of group) if (!watcher.ended) this.advance(watcher, from, slice);
      }
    } catch (error) {
      // The store may be closed while the last read is under way.
      if (!this.stopped) this.onFailure(error as Error);
    } finally {
      this.catchingUp = false;
    }
  }

  /** Those furthest back first, and with them all that the same read can serve. */
  private nextGroup(): Watcher[] {
    const waiting = [...this.behind].sort((a, b) => a.nextRevision - b.nextRevision);
    return waiting.slice(0, CATCH_UP_WATCHERS_MAX);
  }

  private advance(watcher: Watcher, from: number, slice: HistorySlice | undefined): void {
    const { compactedRevision } = this.source;
    if (watcher.nextRevision < compactedRevision) {
      watcher.end({ type: 'compacted', revision: this.source.currentRevision, compactRevision: compactedRevision });
      return;
    }
    if (!slice || slice.nextRevision <= watcher.nextRevision || watcher.nextRevision < from) return;
    const { key, rangeEnd = '' } = watcher.request;
    for (const change of slice.revisions) {
      if (change.revision < watcher.nextRevision) continue;
      const events = selectEvents(watcher, change, key, rangeEnd);
      if (events.length === 0) continue;
      if (!watcher.hasRoom()) {
        watcher.nextRevision = change.revision;
        this.behind.delete(watcher);
        return;
      }
      watcher.deliver({ type: 'events', revision: change.revision, events }, queuedBytesOf(events));
      if (watcher.ended) return;
      if (watcher.nextRevision === change.revision) {
        this.behind.delete(watcher);
        return;
      }
    }
    watcher.nextRevision = slice.nextRevision;
    if (watcher.nextRevision > this.source.currentRevision) {
      watcher.synced = true;
      this.behind.delete(watcher);
    }
  }
}

function isDue(watcher: Watcher, revision: number, event: WatchEvent): boolean {
  return watcher.synced && revision >= watcher.nextRevision && watcher.wants(event);
}

function selectEvents(watcher: Watcher, change: RevisionEvents, key: string, rangeEnd: string): WatchEvent[] {
  const selected: WatchEvent[] = [];
  for (const event of change.events) {
    if (!covers(key, rangeEnd, event.kv.key) || !watcher.wants(event)) continue;
    selected.push(watcher.wantsPrevKv ? event : withoutPrevKv(event));
  }
  return selected;
}

function covers(from: string, rangeEnd: string, key: string): boolean {
  if (rangeEnd.length === 0) return key === from;
  return key >= from && (rangeEnd === '\0' || key < rangeEnd);
}

function withoutPrevKv(event: WatchEvent): WatchEvent {
  return event.prevKv ? { type: event.type, kv: event.kv } : event;
}
