/**
 * Raft as a synchronous, deterministic object: no clock, no disk, no socket, no randomness but the one handed in. See the README for the
 * driving loop; in short:
 *
 *   raft.tick() every heartbeat interval; raft.step(message) for every message; raft.propose(…), raft.readIndex(…)
 *   while (raft.hasReady()) { const ready = raft.ready(); … }
 *   raft.stored(job.term, job.index) after each append job, in order; raft.applied(index) after application
 */
import { violated } from '../base/assert';
import { campaign, stepOwnVote, tickElection } from './candidate';
import { changeConfState } from './conf-change';
import { encodeConfChange } from './conf-codec';
import { RaftCore } from './core';
import { flushReads } from './follower';
import { Invariants } from './invariants';
import * as leading from './leader';
import { type Message, MessageType } from './message';
import type { Progress } from './progress';
import * as replication from './replication';
import { step } from './step';
import {
  type AppendJob, type ConfChange, type ConfState, type Entry, EntryType, type HardState, type InitialState, NO_NODE,
  type ProposeOutcome, type RaftConfig, type ReadOutcome, Role, type SnapshotMeta, type SoftState,
} from './types';
import type { Ready } from './ready';
import { type RaftStatus, statusOf } from './status';

const NOTHING: readonly never[] = Object.freeze([]);

export class Raft {
  private readonly core: RaftCore;
  private readonly invariants: Invariants;
  private softState: SoftState;

  /** @throws InvariantViolation when the initial state contradicts itself (a state machine ahead of its log, a gap, …). */
  constructor(config: RaftConfig, initial: InitialState) {
    this.core = new RaftCore(config, initial);
    this.invariants = new Invariants(this.core);
    this.softState = { role: this.core.role, leader: this.core.leader, term: this.core.term };
  }

  get id(): bigint { return this.core.id; }
  get term(): number { return this.core.term; }
  get role(): Role { return this.core.role; }
  get isLeader(): boolean { return this.core.role === Role.Leader; }
  /** The leader of the current term as far as known, {@link NO_NODE} otherwise. */
  get leader(): bigint { return this.core.leader; }
  get lastIndex(): number { return this.core.log.lastIndex; }
  get committed(): number { return this.core.log.committed; }
  get appliedIndex(): number { return this.core.log.applied; }
  /** Last index that is durable on this member. */
  get stableIndex(): number { return this.core.log.stable; }
  /** Index before the oldest entry in memory. */
  get memoryStart(): number { return this.core.log.offset; }
  /** Bytes of the entries in memory, overhead included. */
  get memoryBytes(): number { return this.core.log.memoryBytes; }
  /** The membership in force. */
  get confState(): ConfState { return this.core.configuration.confState; }
  /** The member that leadership is being handed to, {@link NO_NODE} otherwise. */
  get transferee(): bigint { return this.core.transferee; }

  /** A copy of everything worth showing; allocates, not for the hot path. */
  status(): RaftStatus {
    return statusOf(this.core);
  }

  // ---- time

  /** One tick (the heartbeat interval) has passed. After a stall it is called once, not once per missed interval. */
  tick(): void {
    const { core } = this;
    if (core.role === Role.Leader) {
      leading.tickLeader(core);
      if (core.role === Role.Leader) leading.maybeLeaveJoint(core);
    } else {
      tickElection(core);
    }
    if (core.log.committed > core.savedHardState.commit) core.commitHintDue = true;
    this.invariants.check(core);
  }

  /** Stands for election at once (a single member at start does not wait for its timeout). Without effect where it is not allowed. */
  campaign(): void {
    campaign(this.core, false);
    this.invariants.check(this.core);
  }

  // ---- requests

  /**
   * Proposes one entry or a batch, all or nothing. Data is kept as it is and must not change any more. A leader's batch stands at
   * `lastIndex - n + 1 … lastIndex` in the current term when the outcome is `appended`.
   */
  propose(data: Buffer | readonly Buffer[], type: EntryType = EntryType.Normal): ProposeOutcome {
    const { core } = this;
    const batch = Buffer.isBuffer(data) ? [data] : data;
    if (batch.length === 0) violated('a proposal must have at least one entry');
    if (core.role !== Role.Leader) return this.forwardProposal(batch, type);
    const outcome = type === EntryType.Normal ? leading.proposeNormal(core, batch) : this.proposeChanges(batch);
    this.invariants.check(core);
    return outcome;
  }

  private proposeChanges(batch: readonly Buffer[]): ProposeOutcome {
    if (batch.length !== 1) violated('conf changes are proposed one at a time');
    return leading.proposeConfChangeData(this.core, batch[0]!);
  }

  private forwardProposal(batch: readonly Buffer[], type: EntryType): ProposeOutcome {
    const { core } = this;
    if (core.leader === NO_NODE || !core.settings.forwardProposals) return 'no_leader';
    core.send({ type: MessageType.Propose, from: core.id, to: core.leader, term: 0, entries: batch.map((data) => ({ type, data })) });
    return 'forwarded';
  }

  /** Proposes a change of membership; it takes effect when its entry is applied with {@link applyConfChange}. */
  proposeConfChange(change: ConfChange): ProposeOutcome {
    return this.propose(encodeConfChange(change), EntryType.ConfChange);
  }

  /** Asks for an index from which a linearizable read may be answered. `context` is unique among the caller's open reads. */
  readIndex(context: number): ReadOutcome {
    const { core } = this;
    if (core.role === Role.Leader) {
      leading.addRead(core, core.id, context);
      return 'queued';
    }
    if (core.leader === NO_NODE) return 'no_leader';
    core.forwardedReads.add(context);
    return 'forwarded';
  }

  /** Hands leadership over to `to`, or asks the leader to. False when that is certainly impossible. Given up after an election timeout. */
  transferLeadership(to: bigint): boolean {
    const { core } = this;
    if (core.role === Role.Leader) return leading.startTransfer(core, to);
    if (core.leader === NO_NODE) return false;
    core.send({ type: MessageType.TransferLeader, from: core.id, to: core.leader, term: 0, target: to });
    return true;
  }

  // ---- messages

  /** Takes a message of another member. Stale, misdirected and meaningless ones are dropped. */
  step(message: Message): void {
    const { core } = this;
    step(core, message);
    this.invariants.check(core);
  }

  // ---- the owner's reports

  /** The oldest outstanding append job, which ended at (term, index), is durable. */
  stored(term: number, index: number): void {
    const { core } = this;
    const { coveredThrough } = core.durability.complete(term, index);
    if (coveredThrough > core.log.stable) core.log.stable = coveredThrough;
    for (const message of core.durability.release(core.hasUnsaved)) {
      if (message.to === core.id) stepOwnVote(core, message);
      else core.send(message);
    }
    if (core.role === Role.Leader) leading.acknowledgeOwn(core);
    this.invariants.check(core);
  }

  /** Everything through `index` is applied; of a restored snapshot: it is installed. Conf changes were given to {@link applyConfChange} before. */
  applied(index: number): void {
    const { core } = this;
    core.log.appliedTo(index);
    if (core.role === Role.Leader) leading.maybeLeaveJoint(core);
    this.invariants.check(core);
  }

  /**
   * Puts a committed change of membership into force: called once for each conf change entry, in order, before `applied` covers it.
   * An entry that the state machine refuses is not passed here at all. Returns the new membership, to be stored with the applied index.
   * @throws ConfChangeError when the change does not fit, equally on every member
   */
  applyConfChange(change: ConfChange): ConfState {
    const { core } = this;
    const { configuration } = core;
    // A restored snapshot has brought a later membership already; the state that this entry belongs to is about to be replaced.
    if (core.log.snapshotPending) return configuration.confState;
    configuration.switchTo(changeConfState(configuration.confState, change), core.log.lastIndex);
    if (core.role === Role.Leader) this.afterSwitch();
    this.invariants.check(core);
    return configuration.confState;
  }

  private afterSwitch(): void {
    const { core } = this;
    const { self, voters, outgoing } = core.configuration;
    if ((self === undefined || self.isLearner) && core.settings.stepDownOnRemoval) {
      core.events.push({ kind: 'removed_from_configuration', term: core.term });
      core.becomeFollower(core.term, NO_NODE);
      return;
    }
    // A smaller quorum may have been reached already; new members are to hear from their leader.
    leading.maybeCommit(core);
    core.flushDue = true;
    const isVoter = (progress: Progress): boolean => progress.id === core.transferee;
    if (core.transferee !== NO_NODE && !voters.some(isVoter) && !outgoing.some(isVoter)) core.abortTransfer();
  }

  /** Answer to a {@link Ready.logReads} request: entries from `index` on (at least one), and the term of the entry before them. */
  logRead(to: bigint, index: number, prevTerm: number, entries: readonly Entry[]): void {
    if (this.core.role === Role.Leader) replication.logRead(this.core, to, index, prevTerm, entries);
    this.invariants.check(this.core);
  }

  /** Answer to a {@link Ready.logReads} request whose entries are no longer on disk. */
  logReadFailed(to: bigint): void {
    if (this.core.role === Role.Leader) replication.logReadFailed(this.core, to);
    this.invariants.check(this.core);
  }

  /** Answer to a {@link Ready.snapshotRequests} request: a snapshot is open. The message that announces it is among the next ready's. */
  sendSnapshot(to: bigint, snapshot: SnapshotMeta): boolean {
    return replication.sendSnapshot(this.core, to, snapshot);
  }

  /** How a snapshot ended: delivered and installed, or not. Either way the member is probed again after its next sign of life. */
  reportSnapshot(to: bigint, delivered: boolean): void {
    replication.reportSnapshot(this.core, to, delivered);
  }

  /** Messages to `id` were lost: appends on the way are given up and the member is probed. */
  reportUnreachable(id: bigint): void {
    replication.reportUnreachable(this.core, id);
  }

  /** Forgets entries through `index` in memory (at most the applied index); followers behind it are served by `logReads`. */
  compact(index: number): void {
    this.core.log.compact(index);
  }

  // ---- output

  hasReady(): boolean {
    const { core } = this;
    return core.flushDue || core.hasUnsaved || core.commitHintDue || core.outbox.length > 0
      || core.log.hasApplicable(core.settings.maxApplyingBytes)
      || core.forwardedReads.hasWaiting || core.readStates.length > 0 || core.droppedReads.length > 0
      || core.logReads.length > 0 || core.snapshotRequests.length > 0 || core.events.length > 0 || this.softStateChanged;
  }

  private get softStateChanged(): boolean {
    const { core, softState } = this;
    return core.role !== softState.role || core.leader !== softState.leader || core.term !== softState.term;
  }

  /** Takes out everything to be done now; see {@link Ready}. */
  ready(): Ready {
    const { core } = this;
    if (core.role === Role.Leader) {
      if (core.flushDue) leading.flush(core);
    } else {
      flushReads(core);
    }
    const { maxCommittedBytesPerReady, maxApplyingBytes } = core.settings;
    const append = this.takeAppendJob();
    const ready: Ready = {
      append,
      messages: core.outbox.length > 0 ? core.outbox : NOTHING,
      committed: core.log.takeApplicable(maxCommittedBytesPerReady, maxApplyingBytes),
      readStates: core.readStates.length > 0 ? core.readStates : NOTHING,
      droppedReads: core.droppedReads.length > 0 ? core.droppedReads : NOTHING,
      logReads: core.logReads.length > 0 ? core.logReads : NOTHING,
      snapshotRequests: core.snapshotRequests.length > 0 ? core.snapshotRequests : NOTHING,
      softState: this.takeSoftState(),
      events: core.events.length > 0 ? core.events : NOTHING,
    };
    this.clearOutput();
    this.invariants.check(core);
    return ready;
  }

  private takeAppendJob(): AppendJob | undefined {
    const { core } = this;
    const { log, savedHardState: saved, restoredSnapshot: snapshot } = core;
    const mustSync = core.hasUnsaved;
    if (!mustSync && !core.commitHintDue) return undefined;
    const entries = log.takeUnhanded();
    // The hint stays below the entries of its own job: should a crash tear the job apart, it never points at what an older tail holds there.
    const commit = entries.length > 0 ? Math.max(saved.commit, Math.min(log.committed, entries[0]!.index - 1)) : log.committed;
    const changed = core.term !== saved.term || core.vote !== saved.vote || commit !== saved.commit;
    const hardState: HardState | undefined = changed ? { term: core.term, vote: core.vote, commit } : undefined;
    if (hardState !== undefined) core.savedHardState = hardState;
    core.commitHintDue = false;
    core.restoredSnapshot = undefined;
    const job: AppendJob = { entries, hardState, snapshot, mustSync, term: log.term(log.handed), index: log.handed };
    core.durability.begin(job);
    return job;
  }

  private takeSoftState(): SoftState | undefined {
    if (!this.softStateChanged) return undefined;
    const { role, leader, term } = this.core;
    this.softState = { role, leader, term };
    return this.softState;
  }

  private clearOutput(): void {
    const { core } = this;
    if (core.outbox.length > 0) core.outbox = [];
    if (core.readStates.length > 0) core.readStates = [];
    if (core.droppedReads.length > 0) core.droppedReads = [];
    if (core.logReads.length > 0) core.logReads = [];
    if (core.snapshotRequests.length > 0) core.snapshotRequests = [];
    if (core.events.length > 0) core.events = [];
  }
}
