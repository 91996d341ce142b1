/** What every member does with a leader's messages, whatever its role was a moment ago (Raft paper, figure 2: AppendEntries, InstallSnapshot). */
import type { RaftCore } from './core';
import { type AppendMessage, type AppendResponseMessage, type HeartbeatMessage, MessageType, type SnapshotMessage } from './message';
import { NO_NODE, Role, type SnapshotMeta } from './types';
import { violated } from '../base/assert';

/** Acknowledgements are never addressed to this member itself. */
const noSelfDelivery = (): void => violated('an acknowledgement is addressed to its sender');

function accepted(core: RaftCore, to: bigint, index: number): AppendResponseMessage {
  return { type: MessageType.AppendResponse, from: core.id, to, term: core.term, index, reject: false, hintIndex: 0, hintTerm: 0 };
}

export function receiveAppend(core: RaftCore, message: AppendMessage): void {
  const { log } = core;
  if (message.prevIndex < log.committed) {
    // A late repetition: what is committed matches the leader's log by definition.
    core.sendWhenDurable(accepted(core, message.from, log.committed), noSelfDelivery);
    return;
  }
  if (!log.matches(message.prevIndex, message.prevTerm)) {
    rejectAppend(core, message);
    return;
  }
  const { entries } = message;
  const known = log.firstConflict(entries);
  if (known < entries.length) {
    const first = entries[known]!;
    if (first.index <= log.lastIndex) core.truncateFrom(first.index);
    for (let i = known; i < entries.length; i++) log.push(entries[i]!);
  }
  const last = message.prevIndex + entries.length;
  core.commitTo(Math.min(message.commit, last));
  core.sendWhenDurable(accepted(core, message.from, last), noSelfDelivery);
}

/**
 * Says where the logs can still agree: at or below `prevIndex`, no entry whose term is above the leader's `prevTerm` can match, so whole
 * terms are skipped instead of single entries (Raft paper, end of 5.3).
 */
function rejectAppend(core: RaftCore, message: AppendMessage): void {
  const { log } = core;
  const hintIndex = log.findConflictByTerm(Math.min(message.prevIndex, log.lastIndex), message.prevTerm);
  core.send({
    type: MessageType.AppendResponse, from: core.id, to: message.from, term: core.term,
    index: message.prevIndex, reject: true, hintIndex, hintTerm: log.term(hintIndex),
  });
}

export function receiveHeartbeat(core: RaftCore, message: HeartbeatMessage): void {
  core.commitTo(message.commit);
  // Says only that this member follows in this term, which needs no disk: see ReadIndex in the README.
  core.send({ type: MessageType.HeartbeatResponse, from: core.id, to: message.from, term: core.term, position: message.position });
}

export function receiveSnapshot(core: RaftCore, message: SnapshotMessage): void {
  restore(core, message.snapshot);
  core.sendWhenDurable(accepted(core, message.from, core.log.committed), noSelfDelivery);
}

/** Takes the snapshot over unless it brings nothing: the log and the membership are replaced at once, the owner installs the body. */
function restore(core: RaftCore, snapshot: SnapshotMeta): void {
  const { log } = core;
  if (snapshot.index <= log.committed) {
    core.events.push({ kind: 'snapshot_ignored', index: snapshot.index, reason: 'stale' });
    return;
  }
  const { voters, learners, votersOutgoing } = snapshot.confState;
  if (!voters.includes(core.id) && !learners.includes(core.id) && !votersOutgoing.includes(core.id)) {
    core.events.push({ kind: 'snapshot_ignored', index: snapshot.index, reason: 'not_member' });
    return;
  }
  if (log.matches(snapshot.index, snapshot.term)) {
    core.commitTo(snapshot.index);
    core.events.push({ kind: 'snapshot_ignored', index: snapshot.index, reason: 'log_matches' });
    return;
  }
  if (core.role !== Role.Follower) core.becomeFollower(core.term, NO_NODE);
  // Of the writes on the way only what was committed is part of the new log, too.
  core.durability.truncatedFrom(log.committed + 1);
  log.restore(snapshot.index, snapshot.term);
  core.restoredSnapshot = snapshot;
  core.configuration.switchTo(snapshot.confState, log.lastIndex);
}
