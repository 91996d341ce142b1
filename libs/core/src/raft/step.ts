/** Which message means what: by its term first, then by this member's role (Raft paper, 5.1; pre-vote and shield: dissertation, 9.6 and 4.2.3). */
import { learnCommit, stepCandidate, voteResponse } from './candidate';
import type { RaftCore } from './core';
import { stepFollower } from './follower';
import * as leading from './leader';
import { type Message, MessageType, type VoteMessage } from './message';
import { NO_NODE, Role } from './types';

/** Takes a message of another member. */
export function step(core: RaftCore, message: Message): void {
  if (message.to !== core.id || message.from === core.id) return;
  if (message.type === MessageType.Vote || message.type === MessageType.PreVote
    || message.type === MessageType.VoteResponse || message.type === MessageType.PreVoteResponse) learnCommit(core, message);
  if (message.term === 0) stepRequest(core, message);
  else if (message.term > core.term) stepNewer(core, message);
  else if (message.term < core.term) stepOlder(core, message);
  else stepCurrent(core, message);
}

/** Requests passed on by followers; they belong to no term. */
function stepRequest(core: RaftCore, message: Message): void {
  if (core.role !== Role.Leader) return;
  if (message.type === MessageType.Propose) leading.proposeForwarded(core, message.from, message.entries);
  else if (message.type === MessageType.ReadIndex) leading.addRead(core, message.from, message.batch);
  else if (message.type === MessageType.TransferLeader) leading.startTransfer(core, message.target);
}

function stepNewer(core: RaftCore, message: Message): void {
  switch (message.type) {
    case MessageType.PreVote:
      // Asks for a term that nobody has entered yet: nothing changes here, whatever the answer.
      if (!shieldsLeader(core, message)) answerVote(core, message);
      return;
    case MessageType.Vote:
      if (shieldsLeader(core, message)) return;
      core.becomeFollower(message.term, NO_NODE);
      answerVote(core, message);
      return;
    case MessageType.PreVoteResponse:
      // A grant carries the term that was asked for; a refusal carries the voter's own, which is news.
      if (message.reject) core.becomeFollower(message.term, NO_NODE);
      break;
    case MessageType.Append:
    case MessageType.Heartbeat:
    case MessageType.Snapshot:
      core.becomeFollower(message.term, message.from);
      break;
    default:
      core.becomeFollower(message.term, NO_NODE);
      break;
  }
  stepCurrent(core, message);
}

/**
 * Whether this member heard of a leader so recently that it helps nobody to depose it: a member that was cut off, or removed, must
 * not disturb the others (dissertation, 4.2.3).
 */
function shieldsLeader(core: RaftCore, message: VoteMessage): boolean {
  return !message.transfer && core.settings.checkQuorum && core.leader !== NO_NODE && core.electionElapsed < core.settings.electionTicks;
}

function stepOlder(core: RaftCore, message: Message): void {
  const { from } = message;
  if (message.type === MessageType.Append || message.type === MessageType.Heartbeat) {
    // A leader of an old term would go on for ever beside a member that, shielded by pre-vote or check-quorum, cannot depose it by
    // standing for election: an empty answer in the newer term makes it step down.
    if (!core.settings.checkQuorum && !core.settings.preVote) return;
    core.send({ type: MessageType.AppendResponse, from: core.id, to: from, term: core.term, index: 0, reject: false, hintIndex: 0, hintTerm: 0 });
  } else if (message.type === MessageType.PreVote) {
    // Refused aloud, so that a candidate with a lower term but a better log learns the term and can win.
    core.send(voteResponse(core, MessageType.PreVoteResponse, from, core.term, true));
  }
}

function stepCurrent(core: RaftCore, message: Message): void {
  if (message.type === MessageType.Vote || message.type === MessageType.PreVote) answerVote(core, message);
  else if (core.role === Role.Leader) stepLeader(core, message);
  else if (core.role === Role.Follower) stepFollower(core, message);
  else stepCandidate(core, message);
}

function stepLeader(core: RaftCore, message: Message): void {
  if (message.type === MessageType.AppendResponse) leading.receiveAppendResponse(core, message);
  else if (message.type === MessageType.HeartbeatResponse) leading.receiveHeartbeatResponse(core, message);
}

/** One vote per term, first come first served, and only for a log that is at least as up to date (Raft paper, 5.2 and 5.4.1). */
function answerVote(core: RaftCore, message: VoteMessage): void {
  const preVote = message.type === MessageType.PreVote;
  const free = core.vote === message.from || (core.vote === NO_NODE && core.leader === NO_NODE) || (preVote && message.term > core.term);
  if (free && core.log.isUpToDate(message.lastTerm, message.lastIndex)) {
    if (preVote) {
      core.send(voteResponse(core, MessageType.PreVoteResponse, message.from, message.term, false));
      return;
    }
    core.electionElapsed = 0;
    core.vote = message.from;
    core.sendWhenDurable(voteResponse(core, MessageType.VoteResponse, message.from, message.term, false), () => undefined);
    return;
  }
  const type = preVote ? MessageType.PreVoteResponse : MessageType.VoteResponse;
  core.send(voteResponse(core, type, message.from, core.term, true));
}
