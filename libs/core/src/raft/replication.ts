/** How a leader brings its log to the others: appends from memory, from the disk's log for those that fell behind, snapshots for the rest. */
import { assert, violated } from '../base/assert';
import type { RaftCore } from './core';
import { NO_ENTRIES, entryBytes } from './log';
import { type Message, MessageType } from './message';
import { type Progress, ProgressState } from './progress';
import { type Entry, Role, type SnapshotMeta } from './types';

/** Sends to everybody what is due, until each member is paused or has everything. */
export function sendAppends(core: RaftCore): void {
  for (const peer of core.configuration.peers) {
    while (sendAppend(core, peer));
  }
}

/** Sends one append if something is due and the member may be sent to; true when more may follow. */
function sendAppend(core: RaftCore, progress: Progress): boolean {
  const { log } = core;
  if (progress.isPaused) return false;
  const behind = progress.next <= log.lastIndex && !(progress.state === ProgressState.Replicate && progress.inflights.full);
  const commitDue = progress.state === ProgressState.Replicate && progress.sentCommit < log.committed && progress.sentCommit < progress.next - 1;
  if (!behind && !commitDue && !progress.appendDue) return false;
  const prevIndex = progress.next - 1;
  if (prevIndex < log.offset) {
    requestOlder(core, progress);
    return false;
  }
  const entries = behind ? log.slice(progress.next, log.lastIndex, core.settings.maxSizePerMessageBytes) : NO_ENTRIES;
  emitAppend(core, progress, log.term(prevIndex), entries);
  return behind;
}

function emitAppend(core: RaftCore, progress: Progress, prevTerm: number, entries: readonly Entry[]): void {
  let bytes = 0;
  for (let i = 0; i < entries.length; i++) bytes += entryBytes(entries[i]!);
  const prevIndex = progress.next - 1;
  const commit = core.log.committed;
  const message: Message = { type: MessageType.Append, from: core.id, to: progress.id, term: core.term, prevIndex, prevTerm, commit, entries };
  progress.appendDue = false;
  progress.sent(entries.length, bytes);
  progress.sentCommit = Math.max(progress.sentCommit, Math.min(commit, prevIndex + entries.length));
  core.send(message);
}

// ---- followers that fell behind the memory

function requestOlder(core: RaftCore, progress: Progress): void {
  progress.readPending = true;
  core.logReads.push({ to: progress.id, index: progress.next, maxBytes: core.settings.maxSizePerMessageBytes });
}

/** The owner has read older entries: they are sent if they are still what the member needs. */
export function logRead(core: RaftCore, to: bigint, index: number, prevTerm: number, entries: readonly Entry[]): void {
  const progress = core.configuration.get(to);
  if (progress === undefined || !progress.readPending) return;
  progress.readPending = false;
  core.flushDue = true;
  if (progress.next !== index || progress.isPaused) return;
  assert(entries.length > 0 && entries[0]!.index === index, 'the entries read begin where they were asked for');
  // With a full window only the empty append that asks for a sign of life may leave.
  emitAppend(core, progress, prevTerm, progress.inflights.full ? NO_ENTRIES : entries);
}

/** The entries are no longer on disk: only a snapshot helps. */
export function logReadFailed(core: RaftCore, to: bigint): void {
  const progress = core.configuration.get(to);
  if (progress === undefined || !progress.readPending) return;
  progress.readPending = false;
  // To a member that is away a snapshot would only wait; the next heartbeat response asks again.
  if (!progress.recentActive) {
    progress.paused = true;
    return;
  }
  const before = progress.state;
  progress.becomeSnapshot(0);
  core.noteProgress(progress, before);
  core.snapshotRequests.push(to);
}

// ---- snapshots

function waitingForSnapshot(core: RaftCore, id: bigint): Progress | undefined {
  const progress = core.role === Role.Leader ? core.configuration.get(id) : undefined;
  return progress?.state === ProgressState.Snapshot ? progress : undefined;
}

/** The owner has opened a snapshot for a member that waits for one; false when it no longer does. */
export function sendSnapshot(core: RaftCore, to: bigint, snapshot: SnapshotMeta): boolean {
  const progress = waitingForSnapshot(core, to);
  if (progress === undefined || progress.pendingSnapshot > 0) return false;
  if (snapshot.index > core.log.applied) violated(`a snapshot at ${snapshot.index} is ahead of the applied index ${core.log.applied}`);
  progress.becomeSnapshot(snapshot.index);
  core.send({ type: MessageType.Snapshot, from: core.id, to, term: core.term, snapshot });
  return true;
}

export function reportSnapshot(core: RaftCore, to: bigint, delivered: boolean): void {
  const progress = waitingForSnapshot(core, to);
  if (progress === undefined) return;
  if (!delivered) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  progress.paused = true;
  core.noteProgress(progress, ProgressState.Snapshot);
}

export function reportUnreachable(core: RaftCore, id: bigint): void {
  const progress = core.role === Role.Leader ? core.configuration.get(id) : undefined;
  if (progress?.state !== ProgressState.Replicate) return;
  progress.becomeProbe();
  core.noteProgress(progress, ProgressState.Replicate);
}
