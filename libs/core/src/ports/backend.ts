import type { ByteString } from '@quorate/api';

/** Where a version of a key stands in history: the revision of its transaction, and its place within it. */
export interface RevisionId {
  readonly main: number;
  readonly sub: number;
}

/** One version of a key as the store keeps it. */
export interface RevisionRow extends RevisionId {
  readonly tombstone: boolean;
  /** `mvccpb.KeyValue` bytes; of a tombstone: its key and modRevision only. */
  readonly data: Buffer;
}

/** One record of replicated state that is not a version of a key. Buckets are named in `machine/buckets.ts`. */
export interface StateRecord {
  readonly bucket: string;
  readonly key: ByteString;
  /** `undefined`: the record is deleted. */
  readonly value: Buffer | undefined;
}

/** All replicated effects of a run of entries (SAFETY.md 2); stored whole or not at all. */
export interface BackendBatch {
  /** Index and term of the last entry in it; stored in the same transaction. */
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** In order of (main, sub). */
  readonly revisions: readonly RevisionRow[];
  /** Versions that compaction removed. Those that were never stored may be among them. */
  readonly compacted: readonly RevisionId[];
  /** At most one per (bucket, key). */
  readonly state: readonly StateRecord[];
}

/** What a member finds when it starts. */
export interface BackendState {
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  readonly state: readonly StateRecord[];
}

/**
 * The store behind the write path: everything that is applied reaches it a little later, in batches. One writer; reads
 * run beside it, each on one committed state. Errors: `BackendFullError` and `BackendInterruptedError` may be retried,
 * anything else is final and ends the process.
 */
export interface Backend {
  /** The state records; a new store has applied index 0 and none. */
  load(): Promise<BackendState>;
  /** Stores a batch. Committed when it resolves, but not yet synced: only `sync` tells how far the WAL may be trimmed. */
  commit(batch: BackendBatch): Promise<void>;
  /** Makes what was committed before the call durable. Resolves to the applied index that is durable then. */
  sync(): Promise<number>;
  /** The rows with exactly these revisions, in the order asked; `undefined` where there is none. */
  read(ids: readonly RevisionId[]): Promise<(RevisionRow | undefined)[]>;
  /** Rows from `from` (inclusive) on, in order, at most `rowsMax` and about `bytesMax` of data, at least one if there is one. */
  scan(from: RevisionId, rowsMax: number, bytesMax: number): Promise<RevisionRow[]>;
  /** Bytes on disk, and how many of them hold data. */
  size(): Promise<{ totalBytes: number; inUseBytes: number }>;
  /** Gives unused space back to the file system. */
  defragment(): Promise<void>;
  /** A consistent copy of the whole store at one committed state, as a stream of pieces. */
  snapshot(): Promise<BackendSnapshot>;
  close(): Promise<void>;
}

export interface BackendSnapshot {
  readonly totalBytes: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** Each at most `bytesMax` long; ends after `totalBytes`. Must be closed. */
  chunks(bytesMax: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** A read took too long, or stood in the way of a write, and was ended. The store is as it was; the same read may be tried again. */
export class BackendInterruptedError extends Error {
  override readonly name = 'BackendInterruptedError';
}

/** The disk or the store's limit is reached; nothing of the batch was stored, and the same batch may be tried again. */
export class BackendFullError extends Error {
  override readonly name = 'BackendFullError';
}
