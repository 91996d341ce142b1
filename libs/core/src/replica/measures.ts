/** Upper bounds of etcd's buckets for durations of the disk, in milliseconds: from 1 ms on, each twice the one before. */
const DURATION_BOUNDS_MS = Array.from({ length: 14 }, (_, power) => 2 ** power);

/** How often something took how long. */
export class Durations {
  /** Upper bounds in milliseconds; `counts` has one more, for what took longer than all of them. */
  readonly boundsMs: readonly number[] = DURATION_BOUNDS_MS;
  readonly counts: number[] = DURATION_BOUNDS_MS.map(() => 0).concat(0);
  sumMs = 0;

  record(durationMs: number): void {
    let at = 0;
    while (at < this.boundsMs.length && durationMs > (this.boundsMs[at] as number)) at++;
    (this.counts[at] as number)++;
    this.sumMs += durationMs;
  }
}

/** What a member counts while it runs, from zero at its start. Plain fields: written on the hot path, read when asked. */
export class Measures {
  readonly walSync = new Durations();
  readonly storeCommit = new Durations();
  /** Changes of keys when they are applied; ranges and transactions when this member is asked for them. */
  puts = 0;
  deletes = 0;
  ranges = 0;
  txns = 0;
  /** Changes handed to the watchers' hub. */
  events = 0;
  leasesGranted = 0;
  leasesRevoked = 0;
  leasesRenewed = 0;
  /** Times that a leader appeared where another or none was known. */
  leaderChanges = 0;
  /** Times that the thread stood still for more than two heartbeats, and the longest of them in milliseconds. */
  stalls = 0;
  longestStallMs = 0;
}

/** The state of a member at one moment. */
export interface Readings {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** `0n`: none is known. */
  readonly leader: bigint;
  readonly isLeader: boolean;
  readonly term: number;
  readonly committedIndex: number;
  readonly appliedIndex: number;
  readonly clusterVersion: string | undefined;
  /** Proposals of this member that wait for their result. */
  readonly proposalsPending: number;
  readonly currentRevision: number;
  /** -1 before the first compaction. */
  readonly compactedRevision: number;
  readonly keyCount: number;
  readonly storeBytes: number;
  /** 0 or less: no quota. */
  readonly quotaBytes: number;
  /** Applied effects that the store has not taken yet. */
  readonly pendingBytes: number;
  readonly leaseCount: number;
  readonly watches: { readonly open: number; readonly behind: number };
  readonly walFirstIndex: number;
  readonly walLastIndex: number;
  /** Bytes of proposals that the log can take without waiting for the disk to reserve more. */
  readonly walRoomBytes: number;
}
