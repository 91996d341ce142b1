/**
 * The vocabulary of the Raft object: what goes in (configuration, initial state) and what comes out (Ready).
 * Node ids are `bigint` (u64, 0 = nobody); terms and indexes are safe integers, 0 = before the first.
 */
/** "Nobody": no vote cast, no leader known. */
export const NO_NODE = 0n;

/** What an entry of the log means to the one who applies it. The numbers are stored and sent: never renumber. */
export const EntryType = { Normal: 0, ConfChange: 1 } as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** One entry of the replicated log. `data` is never mutated and outlives the turn: the proposer hands over bytes of its own. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  readonly data: Buffer;
}

/** What a member must remember across a crash besides its log (Raft paper, figure 2: currentTerm, votedFor; commit is a hint). */
export interface HardState {
  readonly term: number;
  readonly vote: bigint;
  readonly commit: number;
}

/** A membership, simple (`votersOutgoing` empty) or joint. Lists are sorted ascending and free of duplicates. */
export interface ConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
  /** Voters of the old half of a joint configuration. */
  readonly votersOutgoing: readonly bigint[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly bigint[];
  /** The leader leaves the joint configuration by itself as soon as it is applied. */
  readonly autoLeave: boolean;
}

export const ConfChangeType = { AddVoter: 0, RemoveNode: 1, AddLearner: 2, UpdateNode: 3 } as const;
export type ConfChangeType = (typeof ConfChangeType)[keyof typeof ConfChangeType];

/**
 * How a change of several members is carried out. Auto: one change in a single step, several through a joint configuration that is left
 * by itself; JointImplicit: always joint, left by itself; JointExplicit: always joint, left by proposing an empty change.
 */
export const ConfTransition = { Auto: 0, JointImplicit: 1, JointExplicit: 2 } as const;
export type ConfTransition = (typeof ConfTransition)[keyof typeof ConfTransition];

export interface ConfChangeStep {
  readonly type: ConfChangeType;
  readonly nodeId: bigint;
}

/** A change of membership. One step with `Auto` is the classic single-server change; no step with `Auto` leaves a joint configuration. */
export interface ConfChange {
  readonly transition: ConfTransition;
  readonly changes: readonly ConfChangeStep[];
  /** Opaque to Raft: the member's attributes for the one who applies it. */
  readonly context: Buffer;
}

/** Which state a snapshot holds: everything up to `index` (an entry of `term`), under membership `confState`. Its body never enters Raft. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** The coin for election timeouts: a uniform integer in [0, maxExclusive). */
export interface RandomSource {
  int(maxExclusive: number): number;
}

export interface RaftConfig {
  /** This member's id, not 0. */
  readonly id: bigint;
  readonly random: RandomSource;
  /** Base of the election timeout E in ticks; each timeout is drawn from [E, 2E-1]. */
  readonly electionTicks?: number;
  readonly heartbeatTicks?: number;
  /** Entries of one append message, counted with their overhead; at least one entry always travels. */
  readonly maxSizePerMessageBytes?: number;
  /** Append messages on the way to one follower before the leader waits for an ack. */
  readonly maxInflightMessages?: number;
  /** The same in bytes; 0 = unlimited. */
  readonly maxInflightBytes?: number;
  /** Payload bytes in the leader's log that are not committed; above it proposals are refused; 0 = unlimited. */
  readonly maxUncommittedBytes?: number;
  /** Committed entries handed out by one `ready()`; at least one entry always is. */
  readonly maxCommittedBytesPerReady?: number;
  /** Committed entries handed out and not yet reported by `applied()`; above it `ready()` hands out none. */
  readonly maxApplyingBytes?: number;
  readonly preVote?: boolean;
  readonly checkQuorum?: boolean;
  /** A follower passes proposals on to its leader; otherwise it answers `no_leader`. */
  readonly forwardProposals?: boolean;
  /** A leader that applies its own removal or demotion steps down at once. */
  readonly stepDownOnRemoval?: boolean;
}

/** What a member found on its disk. */
export interface InitialState {
  readonly hardState: HardState;
  /** The membership as of `applied`. On a first boot it is the initial cluster, which the owner keeps durable itself. */
  readonly confState: ConfState;
  /** Position just before `entries[0]`: the snapshot or the last trimmed entry; {0, 0} for a log from its beginning. */
  readonly start: { readonly index: number; readonly term: number };
  /** The log after `start`, without gaps. */
  readonly entries: readonly Entry[];
  /** The state machine's index, between `start.index` and the last entry's. */
  readonly applied: number;
}

export const Role = { Follower: 0, PreCandidate: 1, Candidate: 2, Leader: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/**
 * One write to the log's disk. Jobs are executed in order; each one is reported by `stored(job.term, job.index)` in the same order, after
 * its bytes are durable (`mustSync`) or merely written. Several may be on the way at once. An entry at an index that the disk already has
 * replaces that one and drops everything after it.
 */
export interface AppendJob {
  readonly entries: readonly Entry[];
  /**
   * Written before the entries, when present. A crash that leaves only a part of the job is harmless as long as the part is a prefix of
   * that order and the job was not reported.
   */
  readonly hardState: HardState | undefined;
  /**
   * Made current, with the log emptied, before the entries of this job are written. Entries handed out for application before it and
   * not applied yet are dropped: the snapshot contains them.
   */
  readonly snapshot: SnapshotMeta | undefined;
  /** False: only the commit hint moved, the write needs no sync. */
  readonly mustSync: boolean;
  /** Position of the log's end when the job was made: what `stored` is called with. */
  readonly term: number;
  readonly index: number;
}

/** The read with `context` may be answered from any state at or after `index`. */
export interface ReadState {
  readonly context: number;
  readonly index: number;
}

/** A follower needs entries that left the memory: answered by `logRead` or `logReadFailed`, always, in any order. */
export interface LogReadRequest {
  readonly to: bigint;
  /** The first entry wanted; the term of the one before it is wanted too. */
  readonly index: number;
  readonly maxBytes: number;
}

/** Who leads, as far as this member knows. */
export interface SoftState {
  readonly role: Role;
  readonly leader: bigint;
  readonly term: number;
}

/** Things worth a log line or a metric; nothing has to be done about them, except `snapshot_ignored`. */
export type RaftEvent =
  /** A received snapshot is not wanted: its body may be thrown away. */
  | { readonly kind: 'snapshot_ignored'; readonly index: number; readonly reason: 'stale' | 'log_matches' | 'not_member' }
  | { readonly kind: 'quorum_lost'; readonly term: number }
  | { readonly kind: 'transfer_aborted'; readonly target: bigint }
  | { readonly kind: 'removed_from_configuration'; readonly term: number }
  | { readonly kind: 'forwarded_proposal_refused'; readonly from: bigint; readonly outcome: ProposeOutcome }
  | { readonly kind: 'progress_changed'; readonly node: bigint; readonly state: 'probe' | 'replicate' | 'snapshot' };

/**
 * What became of a proposal. `appended`: the entries stand at the end of the log, in the current term. `forwarded`: sent to the leader,
 * outcome unknown. Everything else: certainly not proposed.
 */
export type ProposeOutcome =
  | 'appended'
  | 'forwarded'
  | 'no_leader'
  | 'transferring'
  | 'not_member'
  | 'uncommitted_full'
  | 'conf_change_pending'
  | 'conf_change_invalid';

/** What became of a read: `queued` and `forwarded` reads end in `readStates` or `droppedReads` (or in silence, when a message is lost). */
export type ReadOutcome = 'queued' | 'forwarded' | 'no_leader';
