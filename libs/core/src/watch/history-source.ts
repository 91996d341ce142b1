import type { HistoryOptions, HistorySlice } from '../mvcc/store-options';

/** What the hub needs of the store. */
export interface HistorySource {
  readonly currentRevision: number;
  readonly compactedRevision: number;
  /** Changes from `fromRevision` (inclusive) on: whole revisions, about `bytesMax` of them and at least one if there is one. `undefined`: compacted. */
  history(fromRevision: number, bytesMax: number, options?: HistoryOptions): Promise<HistorySlice | undefined>;
}
