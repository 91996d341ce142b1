/** What members say to each other. The numbers are sent between members of different versions: never renumber. */
import type { Entry, EntryType, SnapshotMeta } from './types';

export const MessageType = {
  Propose: 1,
  Append: 2,
  AppendResponse: 3,
  Vote: 4,
  VoteResponse: 5,
  PreVote: 6,
  PreVoteResponse: 7,
  Snapshot: 8,
  Heartbeat: 9,
  HeartbeatResponse: 10,
  TransferLeader: 11,
  TimeoutNow: 12,
  ReadIndex: 13,
  ReadIndexResponse: 14,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

interface Envelope {
  readonly from: bigint;
  readonly to: bigint;
  /** The sender's term, with two exceptions: requests passed on to the leader carry 0, pre-votes (and their grants) the term asked for. */
  readonly term: number;
}

/** An entry on its way to the leader: it has no position yet. */
export interface ProposedEntry {
  readonly type: EntryType;
  readonly data: Buffer;
}

export interface ProposeMessage extends Envelope {
  readonly type: typeof MessageType.Propose;
  readonly entries: readonly ProposedEntry[];
}

export interface AppendMessage extends Envelope {
  readonly type: typeof MessageType.Append;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly commit: number;
  readonly entries: readonly Entry[];
}

export interface AppendResponseMessage extends Envelope {
  readonly type: typeof MessageType.AppendResponse;
  /** Accepted: everything up to here is durable and equal to the leader's. Rejected: the `prevIndex` that did not match. */
  readonly index: number;
  readonly reject: boolean;
  /** Where the two logs may still agree, and the term there (0 = unknown); only with `reject`. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/**
 * What the sender knows to be committed: the index and the term of the entry there. It is true in every term, so whoever has that very
 * entry may commit it. Without it, members that have not learned of a committed change of membership could wait for votes of the old
 * membership for ever, after the leader has gone.
 */
interface CommitKnowledge {
  readonly commit: number;
  readonly commitTerm: number;
}

export interface VoteMessage extends Envelope, CommitKnowledge {
  readonly type: typeof MessageType.Vote | typeof MessageType.PreVote;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader itself asked for this election: voters do not shield it. */
  readonly transfer: boolean;
}

export interface VoteResponseMessage extends Envelope, CommitKnowledge {
  readonly type: typeof MessageType.VoteResponse | typeof MessageType.PreVoteResponse;
  readonly reject: boolean;
}

/** Stepped into the receiver's Raft only after the snapshot's body has arrived and lies synced on its disk, not yet current. */
export interface SnapshotMessage extends Envelope {
  readonly type: typeof MessageType.Snapshot;
  readonly snapshot: SnapshotMeta;
}

export interface HeartbeatMessage extends Envelope {
  readonly type: typeof MessageType.Heartbeat;
  readonly commit: number;
  /** The newest ReadIndex round when the heartbeat left. */
  readonly position: number;
}

export interface HeartbeatResponseMessage extends Envelope {
  readonly type: typeof MessageType.HeartbeatResponse;
  readonly position: number;
}

export interface TransferLeaderMessage extends Envelope {
  readonly type: typeof MessageType.TransferLeader;
  readonly target: bigint;
}

export interface TimeoutNowMessage extends Envelope {
  readonly type: typeof MessageType.TimeoutNow;
}

export interface ReadIndexMessage extends Envelope {
  readonly type: typeof MessageType.ReadIndex;
  /** The follower's number for a batch of its reads, unique over its restarts. */
  readonly batch: number;
}

export interface ReadIndexResponseMessage extends Envelope {
  readonly type: typeof MessageType.ReadIndexResponse;
  readonly batch: number;
  readonly index: number;
}

export type Message =
  | ProposeMessage
  | AppendMessage
  | AppendResponseMessage
  | VoteMessage
  | VoteResponseMessage
  | SnapshotMessage
  | HeartbeatMessage
  | HeartbeatResponseMessage
  | TransferLeaderMessage
  | TimeoutNowMessage
  | ReadIndexMessage
  | ReadIndexResponseMessage;
