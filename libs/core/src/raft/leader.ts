/** The leader: replication, commitment, read rounds, hand-over. Sending is lazy: changes set marks, and `flush` turns them into messages. */
import type { RaftCore } from './core';
import {
  type AppendResponseMessage, type HeartbeatResponseMessage, MessageType, type ProposedEntry,
} from './message';
import { type Progress, ProgressState } from './progress';
import { quorumHolds, quorumIndex } from './quorum';
import { sendAppends } from './replication';
import { DecodeError } from './byte-codec';
import { ConfChangeError, changeConfState, isJoint } from './conf-change';
import { decodeConfChange, encodeConfChange } from './conf-codec';
import { ConfTransition, EntryType, NO_NODE, type ProposeOutcome, Role } from './types';

const matchOf = (progress: Progress): number => progress.match;
const readPositionOf = (progress: Progress): number => progress.readPosition;
const isActive = (progress: Progress): boolean => progress.recentActive;
const EMPTY = Buffer.alloc(0);

/** Takes office: the no-op entry makes the new term's first commit, and with it everything before it (Raft paper, 5.4.2 and 8). */
export function startLeading(core: RaftCore): void {
  core.becomeLeader();
  append(core, [EMPTY], EntryType.Normal);
}

export function tickLeader(core: RaftCore): void {
  core.heartbeatElapsed++;
  core.electionElapsed++;
  if (core.electionElapsed >= core.settings.electionTicks) {
    core.electionElapsed = 0;
    if (core.settings.checkQuorum) checkQuorum(core);
    // A transfer that has not succeeded within an election timeout is given up, and proposals are taken again.
    core.abortTransfer();
  }
  if (core.role !== Role.Leader) return;
  if (core.heartbeatElapsed >= core.settings.heartbeatTicks) {
    core.heartbeatElapsed = 0;
    broadcastHeartbeat(core);
  }
}

/** A leader that a quorum did not answer within an election timeout may have been superseded: it steps down (dissertation, 6.2). */
function checkQuorum(core: RaftCore): void {
  const { self } = core.configuration;
  if (self !== undefined) self.recentActive = true;
  if (!quorumHolds(core.configuration, isActive)) {
    core.events.push({ kind: 'quorum_lost', term: core.term });
    core.becomeFollower(core.term, NO_NODE);
    return;
  }
  for (const peer of core.configuration.peers) peer.recentActive = false;
}

// ---- proposals

function append(core: RaftCore, data: readonly Buffer[], type: EntryType): void {
  const { log, term } = core;
  for (let i = 0; i < data.length; i++) {
    log.push({ term, index: log.lastIndex + 1, type, data: data[i]! });
  }
  core.flushDue = true;
}

function admit(core: RaftCore, bytes: number): ProposeOutcome {
  if (core.configuration.self === undefined) return 'not_member';
  if (core.transferee !== NO_NODE) return 'transferring';
  const { maxUncommittedBytes } = core.settings;
  // The first proposal always passes, however large: it could never be made otherwise. Empty ones (no-op, leave joint) always pass too.
  if (maxUncommittedBytes > 0 && bytes > 0 && core.uncommittedBytes > 0 && core.uncommittedBytes + bytes > maxUncommittedBytes) return 'uncommitted_full';
  return 'appended';
}

/** Appends the data of one batch, all or nothing. */
export function proposeNormal(core: RaftCore, data: readonly Buffer[]): ProposeOutcome {
  let bytes = 0;
  for (let i = 0; i < data.length; i++) bytes += data[i]!.length;
  const outcome = admit(core, bytes);
  if (outcome !== 'appended') return outcome;
  append(core, data, EntryType.Normal);
  core.uncommittedBytes += bytes;
  return outcome;
}

/** Appends a conf change, if none is on its way and it fits the configuration in force. */
export function proposeConfChangeData(core: RaftCore, data: Buffer): ProposeOutcome {
  const outcome = admit(core, data.length);
  if (outcome !== 'appended') return outcome;
  if (core.pendingConfIndex > core.log.applied) return 'conf_change_pending';
  if (!fitsConfiguration(core, data)) return 'conf_change_invalid';
  append(core, [data], EntryType.ConfChange);
  core.uncommittedBytes += data.length;
  core.pendingConfIndex = core.log.lastIndex;
  return outcome;
}

/**
 * Whether a conf change can be applied to the configuration in force. As only one is on its way at a time, that is the configuration it
 * will meet. In a joint configuration nothing fits but leaving it.
 */
function fitsConfiguration(core: RaftCore, data: Buffer): boolean {
  try {
    changeConfState(core.configuration.confState, decodeConfChange(data));
    return true;
  } catch (error) {
    if (error instanceof ConfChangeError || error instanceof DecodeError) return false;
    throw error;
  }
}

/** Proposals that a follower passed on. They come in runs of one kind; a run that is refused is reported as an event. */
export function proposeForwarded(core: RaftCore, from: bigint, entries: readonly ProposedEntry[]): void {
  let i = 0;
  while (i < entries.length) {
    const { type } = entries[i]!;
    const data: Buffer[] = [];
    if (type === EntryType.ConfChange) data.push(entries[i++]!.data);
    else while (i < entries.length && entries[i]!.type === type) data.push(entries[i++]!.data);
    const outcome = type === EntryType.ConfChange ? proposeConfChangeData(core, data[0]!) : proposeNormal(core, data);
    if (outcome !== 'appended') core.events.push({ kind: 'forwarded_proposal_refused', from, outcome });
  }
}

/** Once a joint configuration with auto-leave is applied, the leader proposes to leave it. */
export function maybeLeaveJoint(core: RaftCore): void {
  const { confState } = core.configuration;
  if (!confState.autoLeave || !isJoint(confState) || core.log.applied < core.pendingConfIndex) return;
  // A hand-over in progress refuses this as any proposal; the next applied entry (the new leader's no-op at the latest) tries again.
  proposeConfChangeData(core, encodeConfChange({ transition: ConfTransition.Auto, changes: [], context: EMPTY }));
}

// ---- commitment

/** Commits what a quorum has stored, if it is of this term: older entries are committed only with it (Raft paper, figure 8). */
export function maybeCommit(core: RaftCore): boolean {
  const index = quorumIndex(core.configuration, matchOf);
  if (index === Infinity || index <= core.log.committed) return false;
  return core.log.term(index) === core.term && core.commitTo(index);
}

/** The leader's own disk has reached `stable`: its acknowledgement counts from now on. */
export function acknowledgeOwn(core: RaftCore): void {
  const { self } = core.configuration;
  if (self !== undefined && self.acknowledge(core.log.stable)) maybeCommit(core);
}

export function receiveAppendResponse(core: RaftCore, message: AppendResponseMessage): void {
  const progress = core.configuration.get(message.from);
  if (progress === undefined) return;
  progress.recentActive = true;
  const before = progress.state;
  if (message.reject) {
    receiveRejection(core, progress, message);
    core.noteProgress(progress, before);
    return;
  }
  if (message.index > core.log.lastIndex) return;
  const news = progress.acknowledge(message.index);
  if (!news && !(progress.match === message.index && progress.state === ProgressState.Probe)) return;
  if (progress.state === ProgressState.Probe) {
    progress.becomeReplicate();
  } else if (progress.state === ProgressState.Snapshot) {
    // The log reaches back to what the member has, by snapshot or by other means: it is connected again.
    if (progress.match >= core.log.offset || (progress.pendingSnapshot > 0 && progress.match >= progress.pendingSnapshot)) progress.becomeReplicate();
  } else {
    progress.inflights.freeThrough(message.index);
  }
  core.noteProgress(progress, before);
  maybeCommit(core);
  core.flushDue = true;
  if (message.from === core.transferee && progress.match === core.log.lastIndex) sendTimeoutNow(core, message.from);
}

function receiveRejection(core: RaftCore, progress: Progress, message: AppendResponseMessage): void {
  // The leader skips terms too: below the hint, its own entries of terms above the follower's term there cannot match either.
  const guess = message.hintTerm > 0 ? core.log.findConflictByTerm(message.hintIndex, message.hintTerm) : message.hintIndex;
  if (!progress.decreaseNext(message.index, guess)) return;
  if (progress.state === ProgressState.Replicate) progress.becomeProbe();
  progress.appendDue = true;
  core.flushDue = true;
}

export function receiveHeartbeatResponse(core: RaftCore, message: HeartbeatResponseMessage): void {
  const progress = core.configuration.get(message.from);
  if (progress === undefined) return;
  progress.recentActive = true;
  progress.paused = false;
  // An append or its answer was lost if the member is still behind: an append, perhaps an empty one, finds out.
  if (progress.match < core.log.lastIndex || progress.state === ProgressState.Probe) {
    progress.appendDue = true;
    core.flushDue = true;
  }
  if (message.position > progress.readPosition && message.position <= core.reads.position) {
    progress.readPosition = message.position;
    confirmReads(core);
  }
}

// ---- reads

export function addRead(core: RaftCore, from: bigint, context: number): void {
  core.reads.add({ from, context });
  core.flushDue = true;
}

function confirmReads(core: RaftCore): void {
  const { self } = core.configuration;
  if (self !== undefined) self.readPosition = core.reads.position;
  for (const { index, reads } of core.reads.confirm(quorumIndex(core.configuration, readPositionOf))) {
    for (const read of reads) {
      if (read.from === core.id) core.readStates.push({ context: read.context, index });
      else core.send({ type: MessageType.ReadIndexResponse, from: core.id, to: read.from, term: core.term, batch: read.context, index });
    }
  }
}

// ---- hand-over

/** Starts or redirects a leadership transfer (dissertation, 3.10). */
export function startTransfer(core: RaftCore, target: bigint): boolean {
  const progress = core.configuration.get(target);
  if (progress === undefined || progress.isLearner || target === core.id) return false;
  if (core.transferee === target) return true;
  core.abortTransfer();
  core.electionElapsed = 0;
  core.transferee = target;
  if (progress.match === core.log.lastIndex) sendTimeoutNow(core, target);
  else {
    progress.appendDue = true;
    core.flushDue = true;
  }
  return true;
}

function sendTimeoutNow(core: RaftCore, to: bigint): void {
  core.send({ type: MessageType.TimeoutNow, from: core.id, to, term: core.term });
}

// ---- sending

function broadcastHeartbeat(core: RaftCore): void {
  for (const peer of core.configuration.peers) {
    const commit = Math.min(peer.match, core.log.committed);
    core.send({ type: MessageType.Heartbeat, from: core.id, to: peer.id, term: core.term, commit, position: core.reads.position });
  }
}

/** Turns everything that is due into messages: a read round first, then appends. */
export function flush(core: RaftCore): void {
  core.flushDue = false;
  if (core.reads.hasWaiting && core.committedInTerm) {
    core.reads.begin(core.log.committed);
    broadcastHeartbeat(core);
    confirmReads(core);
  }
  sendAppends(core);
}
