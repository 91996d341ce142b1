import type { WatchEvent, WatchRequest } from '@quorate/api';
import { ApiError } from '@quorate/api';
import type { HistorySlice } from '../mvcc/store-options';
import { BackendInterruptedError } from '../ports/backend';
import { CatchUpGroup } from './catch-up-group';
import type { HistorySource } from './history-source';
import { RangeSet } from './range-set';
import { type EventBatch, RevisionMatch } from './revision-match';
import { Watcher, type WatcherOwner } from './watcher';

/** Bytes of history that one step of catching up reads. */
const CATCH_UP_SLICE_BYTES = 256 * 1024;
/** Events that are held against the watchers' ranges before sockets and timers get their turn. */
const EVENTS_PER_TURN_MAX = 1000;

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

  /**
   * @param onFailure told when history could not be read; the member cannot go on then
   * @param nextTurn lets other work run between two slices of a long piece of work
   */
  constructor(
    private readonly source: HistorySource, private readonly onFailure: (error: Error) => void, private readonly nextTurn: () => Promise<void>,
  ) {}

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
    if (events.length > EVENTS_PER_TURN_MAX) {
      this.fallBehind(revision);
      return;
    }
    const match = new RevisionMatch(revision, events.length === 1);
    for (const event of events) match.add(event, this.watchers);
    match.deliver((watcher) => watcher.synced && revision >= watcher.nextRevision, deliver);
  }

  /** Ends every watch with this reason. */
  stop(reason: string): void {
    this.stopped = true;
    for (const watcher of this.all()) watcher.end({ type: 'cancelled', revision: this.source.currentRevision, reason });
  }

  catchUp(watcher: Watcher): void {
    if (watcher.ended) return;
    this.behind.add(watcher);
    this.startCatchUp();
  }

  forget(watcher: Watcher): void {
    this.openCount--;
    this.behind.delete(watcher);
    this.watchers.remove(watcher.request.key, watcher.request.rangeEnd ?? '', watcher);
  }

  /** A revision too large to be handed out in one turn: everybody reads it from history, which is done in slices. */
  private fallBehind(revision: number): void {
    for (const watcher of this.all()) {
      if (!watcher.synced || watcher.nextRevision > revision) continue;
      watcher.synced = false;
      watcher.nextRevision = revision;
      this.behind.add(watcher);
    }
    this.startCatchUp();
  }

  private startCatchUp(): void {
    if (!this.catchingUp && this.behind.size > 0) void this.catchUpAll();
  }

  private all(): Set<Watcher> {
    const all = new Set<Watcher>();
    this.watchers.forEachSet((members) => { for (const watcher of members) all.add(watcher); });
    return all;
  }

  private async catchUpAll(): Promise<void> {
    this.catchingUp = true;
    try {
      // Watchers that fall behind or are opened in the same turn share the first read.
      await this.nextTurn();
      while (this.behind.size > 0) {
        const group = CatchUpGroup.of(this.behind);
        const slice = await this.read(group);
        if (slice !== 'interrupted') await this.serve(group, slice);
      }
    } catch (error) {
      // The store may be closed while the last read is under way.
      if (!this.stopped) this.onFailure(error as Error);
    } finally {
      this.catchingUp = false;
    }
  }

  /** `undefined`: compacted. `interrupted`: to be tried again. */
  private async read(group: CatchUpGroup): Promise<HistorySlice | 'interrupted' | undefined> {
    try {
      return await this.source.history(group.from, CATCH_UP_SLICE_BYTES, {
        prevKv: group.wantsPrevKv, wanted: (key) => group.covers(key),
      });
    } catch (error) {
      if (!(error instanceof BackendInterruptedError) || this.stopped) throw error;
      await this.nextTurn();
      return 'interrupted';
    }
  }

  /** Gives the members what was read for them. Whoever of them has no room is left out from there on. */
  private async serve(group: CatchUpGroup, slice: HistorySlice | undefined): Promise<void> {
    const active = new Set<Watcher>();
    for (const watcher of group.members) if (!watcher.ended && !this.endIfCompacted(watcher)) active.add(watcher);
    if (slice) await this.serveRevisions(group, slice, active);
    // Whoever still waits has had its turn.
    for (const watcher of active) if (this.behind.delete(watcher) && !watcher.ended && !watcher.synced) this.behind.add(watcher);
  }

  private endIfCompacted(watcher: Watcher): boolean {
    const { compactedRevision, currentRevision } = this.source;
    if (watcher.nextRevision >= compactedRevision) return false;
    watcher.end({ type: 'compacted', revision: currentRevision, compactRevision: compactedRevision });
    return true;
  }

  private async serveRevisions(group: CatchUpGroup, slice: HistorySlice, active: Set<Watcher>): Promise<void> {
    let eventsInTurn = 0;
    for (const { revision, events } of slice.revisions) {
      const match = new RevisionMatch(revision, events.length === 1);
      const due = (watcher: Watcher): boolean => revision >= watcher.nextRevision && active.has(watcher) && !watcher.ended;
      for (const event of events) {
        match.add(event, group.ranges);
        if (++eventsInTurn < EVENTS_PER_TURN_MAX) continue;
        eventsInTurn = 0;
        await this.nextTurn();
      }
      match.deliver(due, (watcher, batch, bytes) => {
        if (watcher.hasRoom() && deliver(watcher, batch, bytes)) return;
        // It asks again, from this revision on, once its queue is drained.
        watcher.nextRevision = revision;
        active.delete(watcher);
        this.behind.delete(watcher);
      });
    }
    // In the turn of the last delivery: whoever reads it then learns that nothing is missing any more.
    for (const watcher of active) if (!watcher.ended) this.advance(watcher, slice.nextRevision);
  }

  private advance(watcher: Watcher, nextRevision: number): void {
    watcher.nextRevision = Math.max(watcher.nextRevision, nextRevision);
    watcher.synced = watcher.nextRevision > this.source.currentRevision;
  }
}

/** @returns whether there was room */
function deliver(watcher: Watcher, batch: EventBatch, bytes: number): boolean {
  return watcher.deliver(batch, bytes);
}
