import type {
  AlarmRequest, CompactRequest, DeleteRangeRequest, PutRequest, TxnRequest,
} from '@quorate/api';

/**
 * The replicated commands and their bytes in the log (made and read by `command-codec.ts`).
 *
 * Header of every command (all numbers little-endian):
 *
 *     0      format version
 *     1      command type
 *     2      header flags: bit 0 a session block follows, bit 1 a user block follows
 *     3      flags of the command type
 *     4-11   proposal id, u64
 *     [24 bytes session block: session id, request number, lowest number not yet answered; u64 each]
 *     [user block: auth revision u64, length of the name u8, name]
 *
 * and then the body, to the end of the entry. An entry without bytes is what a new leader appends: nothing.
 *
 * History of the format:
 *  - 1: the first. Session and user blocks have their place and are read, but no member may propose them until the
 *    cluster version says that all members act on them; a member of this version that meets one stops.
 *
 * Types and flags are never given a second meaning. A new one waits for the cluster version that knows it; a member that
 * meets an unknown one stops.
 */
export const COMMAND_FORMAT_VERSION = 1;

export const CommandType = {
  NOOP: 0, PUT: 1, DELETE_RANGE: 2, TXN: 3, COMPACT: 4, LEASE_GRANT: 5, LEASE_REVOKE: 6, LEASE_EXPIRE: 7,
  LEASE_CHECKPOINT: 8, LEASE_CLEAR: 9, ALARM: 10, MEMBER_ATTRIBUTES: 11, CLUSTER_VERSION: 12,
} as const;

/** A client's own numbering of its writes, by which apply recognises a repeat. */
export interface CommandSession {
  /** Log index of the entry that opened the session. */
  readonly id: number;
  readonly number: number;
  /** Answers to smaller numbers have arrived at the client. */
  readonly lowestUnanswered: number;
}

/** On whose behalf, and under which revision of the auth store that was decided. */
export interface CommandUser {
  readonly name: string;
  readonly authRevision: number;
}

export interface CommandHeader {
  /** By this the proposer finds its waiter; 0: nobody waits. Safe integer. */
  readonly proposalId: number;
  readonly session?: CommandSession;
  readonly user?: CommandUser;
}

/** A lease as the leader saw it when it decided. The decision holds only while the lease still has this epoch. */
export interface LeaseSighting {
  readonly id: bigint;
  readonly renewalEpoch: number;
}

export interface LeaseRemaining extends LeaseSighting {
  readonly remainingSeconds: number;
}

export type CommandBody =
  | { readonly type: 'noop' }
  | { readonly type: 'put'; readonly request: PutRequest }
  | { readonly type: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly type: 'txn'; readonly request: TxnRequest }
  /** `physical` concerns only the member that answers, and does not travel. */
  | { readonly type: 'compact'; readonly request: CompactRequest }
  /** The id is picked and the TTL raised to the minimum before this is proposed. */
  | { readonly type: 'leaseGrant'; readonly id: bigint; readonly ttlSeconds: number }
  | { readonly type: 'leaseRevoke'; readonly id: bigint }
  /** By the leader of `term` only; void in an entry of another term, and lease by lease where the epoch has moved on. */
  | { readonly type: 'leaseExpire'; readonly term: number; readonly leases: readonly LeaseSighting[] }
  /** Likewise: what is left of long TTLs, so that a change of leader does not start them afresh. */
  | { readonly type: 'leaseCheckpoint'; readonly term: number; readonly leases: readonly LeaseRemaining[] }
  /** These leases were renewed: all of their TTL remains, and what was decided about them before is void. */
  | { readonly type: 'leaseClear'; readonly ids: readonly bigint[] }
  | { readonly type: 'alarm'; readonly request: AlarmRequest }
  | { readonly type: 'memberAttributes'; readonly memberId: bigint; readonly name: string; readonly clientUrls: readonly string[] }
  | { readonly type: 'clusterVersion'; readonly version: string };

export type Command = CommandHeader & CommandBody;
