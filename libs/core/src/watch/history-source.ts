import type { WatchEvent } from '@quorate/api';

/** The changes of one revision, in the order they were made. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** A piece of history: whole revisions, in order; everything below `nextRevision` is in it. */
export interface HistorySlice {
  readonly revisions: readonly RevisionEvents[];
  readonly nextRevision: number;
}

/** What the hub needs of the store. */
export interface HistorySource {
  readonly currentRevision: number;
  readonly compactedRevision: number;
  /**
   * Changes from `fromRevision` (inclusive) on, about `bytesMax` of them and at least one revision if there is one, with
   * `prevKv` filled where it still exists. `undefined`: `fromRevision` was compacted, before or while reading.
   */
  history(fromRevision: number, bytesMax: number): Promise<HistorySlice | undefined>;
}
