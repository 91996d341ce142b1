import type { AutoCompaction } from './auto-compactor';

/** How one member runs. The defaults are etcd's and live where flags are read. */
export interface ReplicaConfig {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly heartbeatMs: number;
  readonly electionMs: number;
  /** Applied entries between two checkpoints of the store. */
  readonly snapshotCount: number;
  /** Entries kept in the log below the last checkpoint, for members that fell behind. */
  readonly snapshotCatchUpEntries: number;
  /** 0 or less: no quota. */
  readonly quotaBytes: number;
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  /** Time that applied effects wait for others to share a transaction of the store. */
  readonly batchIntervalMs: number;
  /** Applied effects that may wait for the store before writes are refused. */
  readonly pendingBytesMax: number;
  readonly autoCompaction: AutoCompaction;
  /** The API level told to clients, `3.6.x`. */
  readonly version: string;
}
