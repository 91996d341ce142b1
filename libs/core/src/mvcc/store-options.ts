import type { ByteString, ResponseHeader, WatchEvent } from '@quorate/api';
import type { Backend } from '../ports/backend';

export interface StoreOptions {
  /** The header of an answer that was given at this revision. */
  header(revision: number): ResponseHeader;
  readonly backend: Pick<Backend, 'read' | 'scan'>;
  readonly leases: { exists(id: bigint): boolean };
  /**
   * A key's lease changed (`0n`: none). Called when the revision is published, and for every leased key while the store is
   * restored. Where thousands of keys change at once the calls come in slices, the last ones with the publication.
   */
  onLeaseChange(key: ByteString, from: bigint, to: bigint): void;
  /** Lets other work run between two slices of a long read; resolves at once where it is left out. */
  nextTurn?(): Promise<void>;
  /** Keys that one slice of a long piece of work touches; 1000 where it is left out. */
  readonly sliceKeys?: number;
  /** Bytes of superseded versions that are kept after they were read from the backend. */
  readonly historyCacheBytes?: number;
}

/** Numbers that the replicated state holds beside the versions (SAFETY.md 2). */
export interface SavedStore {
  readonly currentRevision: number;
  /** The last compaction that was applied; -1 for none. */
  readonly compactedRevision: number;
  /** A compaction that was applied but whose versions were perhaps not all dropped; -1 for none. */
  readonly scheduledCompactRevision?: number;
}

/** The changes of one revision, in order. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** A piece of history: whole revisions, in order; those without a wanted event are left out. */
export interface HistorySlice {
  readonly revisions: readonly RevisionEvents[];
  /** Everything below it has been told; the current revision plus one when the slice reaches the present. */
  readonly nextRevision: number;
}

export interface HistoryOptions {
  /** Whether `prevKv` is filled in; default true. */
  readonly prevKv?: boolean;
  /** Leaves out the changes of other keys before anything is read for them. */
  wanted?(key: ByteString): boolean;
}

export interface HashResult {
  readonly hash: number;
  readonly compactRevision: number;
  readonly hashRevision: number;
}

export const EMPTY_SAVED: SavedStore = { currentRevision: 1, compactedRevision: -1 };
