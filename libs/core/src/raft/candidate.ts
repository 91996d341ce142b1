/** Elections: pre-vote, vote, and what a candidate does while it waits (Raft paper, 5.2 and 5.4.1; dissertation, 9.6). */
import type { RaftCore } from './core';
import { startLeading } from './leader';
import { type Message, MessageType, type VoteMessage, type VoteResponseMessage } from './message';
import { receiveAppend, receiveHeartbeat, receiveSnapshot } from './receive';
import { VoteResult, quorumVote } from './quorum';
import { NO_NODE, Role } from './types';

/** Time passes for everybody who does not lead. */
export function tickElection(core: RaftCore): void {
  core.electionElapsed++;
  if (core.promotable && core.electionElapsed >= core.electionTimeout) {
    core.electionElapsed = 0;
    campaign(core, false);
  }
}

/**
 * Stands for election, unless this member leads, may not be elected, or has a committed conf change that it has not applied: it might count
 * the votes of a configuration that is no longer in force. `transfer`: the leader asked for it, so pre-vote and the voters' shield are skipped.
 */
export function campaign(core: RaftCore, transfer: boolean): void {
  if (core.role === Role.Leader || !core.promotable || core.log.hasUnappliedConfChange()) return;
  if (core.settings.preVote && !transfer) startPreVote(core);
  else startVote(core, transfer);
}

function startPreVote(core: RaftCore): void {
  core.becomePreCandidate();
  // A pre-vote promises nothing, so this member's own needs no disk.
  core.votes.set(core.id, true);
  requestVotes(core, core.term + 1, false);
  decide(core);
}

function startVote(core: RaftCore, transfer: boolean): void {
  core.becomeCandidate();
  // Requests wait for the disk as well: with the term forgotten, a restarted candidate could count late votes of this campaign for a
  // second one in the same term, with a shorter log than the one the votes were given to.
  requestVotes(core, core.term, transfer);
  core.sendWhenDurable(
    voteResponse(core, MessageType.VoteResponse, core.id, core.term, false),
    (message) => stepOwnVote(core, message),
  );
}

function requestVotes(core: RaftCore, term: number, transfer: boolean): void {
  const { voters, outgoing, self } = core.configuration;
  const type = core.role === Role.PreCandidate ? MessageType.PreVote : MessageType.Vote;
  for (const voter of new Set([...voters, ...outgoing])) {
    if (voter === self) continue;
    const { lastIndex, lastTerm, committed: commit } = core.log;
    const commitTerm = core.log.term(commit);
    const message: VoteMessage = { type, from: core.id, to: voter.id, term, lastIndex, lastTerm, transfer, commit, commitTerm };
    if (type === MessageType.PreVote) core.send(message);
    else core.sendWhenDurable(message, () => undefined);
  }
}

export function voteResponse(core: RaftCore, type: VoteResponseMessage['type'], to: bigint, term: number, reject: boolean): VoteResponseMessage {
  const commit = core.log.committed;
  return { type, from: core.id, to, term, reject, commit, commitTerm: core.log.term(commit) };
}

/**
 * Takes over what a voter or candidate knows to be committed. A candidate that so learns of a change of membership stops: it counts votes
 * of a configuration that may be out of force.
 */
export function learnCommit(core: RaftCore, message: VoteMessage | VoteResponseMessage): void {
  if (core.role === Role.Leader || message.commit <= core.log.committed || !core.log.matches(message.commit, message.commitTerm)) return;
  core.commitTo(message.commit);
  if (core.role !== Role.Follower && core.log.hasUnappliedConfChange()) core.becomeFollower(core.term, NO_NODE);
}

/** This member's vote for itself is durable: it counts, if the campaign it was given in is still on. */
export function stepOwnVote(core: RaftCore, message: Message): void {
  if (message.type === MessageType.VoteResponse && message.term === core.term && core.role === Role.Candidate) receiveVoteResponse(core, message);
}

function receiveVoteResponse(core: RaftCore, message: VoteResponseMessage): void {
  const preVote = message.type === MessageType.PreVoteResponse;
  if (preVote !== (core.role === Role.PreCandidate)) return;
  // A grant of an earlier pre-vote carries the term that was asked for then.
  if (preVote && !message.reject && message.term !== core.term + 1) return;
  if (!core.votes.has(message.from)) core.votes.set(message.from, !message.reject);
  decide(core);
}

function decide(core: RaftCore): void {
  const result = quorumVote(core.configuration, (voter) => core.votes.get(voter.id));
  if (result === VoteResult.Lost) core.becomeFollower(core.term, NO_NODE);
  else if (result === VoteResult.Won && core.role === Role.PreCandidate) startVote(core, false);
  else if (result === VoteResult.Won) startLeading(core);
}

/** Messages of the own term. */
export function stepCandidate(core: RaftCore, message: Message): void {
  switch (message.type) {
    case MessageType.Append:
      core.becomeFollower(message.term, message.from);
      receiveAppend(core, message);
      break;
    case MessageType.Heartbeat:
      core.becomeFollower(message.term, message.from);
      receiveHeartbeat(core, message);
      break;
    case MessageType.Snapshot:
      core.becomeFollower(message.term, message.from);
      receiveSnapshot(core, message);
      break;
    case MessageType.VoteResponse:
    case MessageType.PreVoteResponse:
      receiveVoteResponse(core, message);
      break;
    default:
      // A candidate knows no leader, so there is nobody to pass requests on to.
      break;
  }
}
