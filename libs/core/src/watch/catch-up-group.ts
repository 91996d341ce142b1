import type { ByteString } from '@quorate/api';
import { RangeSet } from './range-set';
import type { Watcher } from './watcher';

/** Watchers that share one read of history at most. */
const WATCHERS_MAX = 4096;
/** Revisions that they may lie apart: those ahead of the others only make the read longer. */
const SPAN_REVISIONS = 1000;

/** Watchers that are behind by about as much, so that one read of history serves them all. */
export class CatchUpGroup {
  readonly ranges = new RangeSet<Watcher>();
  readonly wantsPrevKv: boolean;

  private constructor(readonly members: readonly Watcher[], /** The first revision that one of them lacks. */ readonly from: number) {
    this.wantsPrevKv = members.some((watcher) => watcher.wantsPrevKv);
    for (const watcher of members) this.ranges.add(watcher.request.key, watcher.request.rangeEnd ?? '', watcher);
  }

  /** The one that has waited longest, and all that its read can serve. @param behind not empty; who waits longest comes first */
  static of(behind: ReadonlySet<Watcher>): CatchUpGroup {
    const [first] = behind;
    const { nextRevision } = first as Watcher;
    let from = nextRevision;
    for (const watcher of behind) {
      if (watcher.nextRevision < from && watcher.nextRevision >= nextRevision - SPAN_REVISIONS) from = watcher.nextRevision;
    }
    const members: Watcher[] = [];
    for (const watcher of behind) {
      if (watcher.nextRevision < from || watcher.nextRevision > from + SPAN_REVISIONS) continue;
      members.push(watcher);
      if (members.length === WATCHERS_MAX) break;
    }
    return new CatchUpGroup(members, members.reduce((least, watcher) => Math.min(least, watcher.nextRevision), nextRevision));
  }

  /** Whether any of them watches the key. */
  covers(key: ByteString): boolean {
    let covered = false;
    this.ranges.forEachCovering(key, () => { covered = true; });
    return covered;
  }
}
