/**
 * The arithmetic of majorities, simple and joint. A joint configuration decides only what both halves decide (Raft dissertation, 4.3).
 * An empty half decides everything, so that a simple configuration is a joint one with an empty outgoing half.
 */

/** The two halves of a configuration; `outgoing` is empty outside joint consensus. */
export interface Quorum<T> {
  readonly voters: readonly T[];
  readonly outgoing: readonly T[];
}

export const VoteResult = { Pending: 0, Lost: 1, Won: 2 } as const;
export type VoteResult = (typeof VoteResult)[keyof typeof VoteResult];

/** Reused between calls: quorums are computed for every ack. Nothing here re-enters. */
const scratch: number[] = [];

function majorityIndex<T>(members: readonly T[], indexOf: (member: T) => number): number {
  const count = members.length;
  if (count === 0) return Infinity;
  if (count === 1) return indexOf(members[0]!);
  for (let i = 0; i < count; i++) {
    const value = indexOf(members[i]!);
    let j = i;
    for (; j > 0 && scratch[j - 1]! < value; j--) scratch[j] = scratch[j - 1]!;
    scratch[j] = value;
  }
  return scratch[count >> 1]!;
}

/** The greatest index that a quorum has reached, by each member's `indexOf`; Infinity without any member. */
export function quorumIndex<T>(quorum: Quorum<T>, indexOf: (member: T) => number): number {
  const incoming = majorityIndex(quorum.voters, indexOf);
  return quorum.outgoing.length === 0 ? incoming : Math.min(incoming, majorityIndex(quorum.outgoing, indexOf));
}

function majorityVote<T>(members: readonly T[], voteOf: (member: T) => boolean | undefined): VoteResult {
  if (members.length === 0) return VoteResult.Won;
  let granted = 0;
  let missing = 0;
  for (const member of members) {
    const vote = voteOf(member);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const needed = (members.length >> 1) + 1;
  if (granted >= needed) return VoteResult.Won;
  return granted + missing >= needed ? VoteResult.Pending : VoteResult.Lost;
}

/** How an election stands; `voteOf` answers undefined for a member that has not voted. */
export function quorumVote<T>(quorum: Quorum<T>, voteOf: (member: T) => boolean | undefined): VoteResult {
  const incoming = majorityVote(quorum.voters, voteOf);
  const outgoing = majorityVote(quorum.outgoing, voteOf);
  if (incoming === outgoing) return incoming;
  return incoming === VoteResult.Lost || outgoing === VoteResult.Lost ? VoteResult.Lost : VoteResult.Pending;
}

function majorityHolds<T>(members: readonly T[], test: (member: T) => boolean): boolean {
  if (members.length === 0) return true;
  let count = 0;
  for (const member of members) if (test(member)) count++;
  return count >= (members.length >> 1) + 1;
}

/** Whether `test` holds for a quorum. */
export function quorumHolds<T>(quorum: Quorum<T>, test: (member: T) => boolean): boolean {
  return majorityHolds(quorum.voters, test) && majorityHolds(quorum.outgoing, test);
}
