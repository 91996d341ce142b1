import { ApiError } from '@quorate/api';
import { assert } from '../base/assert';
import type { Scheduler } from '../ports/scheduler';
import type { Raft } from '../raft/raft';
import { type AppendJob, type Entry, type ProposeOutcome, Role, type SoftState } from '../raft/types';
import type { Ready } from '../raft/ready';
import type { Wal } from '../wal/wal';
import type { ReadIndexSource } from './reads';

/** Commands that wait for the next turn, or for room in the log, in bytes; above it the door answers "too many requests". */
const INBOX_BYTES_MAX = 256 * 1024 * 1024;

/** Who acts on what Raft hands out. */
export interface RaftListener {
  /** Committed entries, in order; told back by `RaftDriver.applied`. */
  committed(entries: readonly Entry[]): void;
  /** Entries were handed over in this turn: apply them now, the next sync is already under way. */
  turnEnded(): void;
  /** These commands were certainly not proposed. */
  refused(commands: readonly Buffer[], error: ApiError): void;
  readConfirmed(context: number, index: number): void;
  readDropped(context: number): void;
  /** Term of the entry that was applied last. */
  appliedTerm(): number;
  /** The context for a round of reads, if anybody waits for one. */
  startReadRound(): number | undefined;
  leadershipChanged(state: SoftState): void;
  /** A sync of the log took so long. */
  synced(durationMs: number): void;
  nowMs(): number;
  /** The log cannot be written any more: the process has to end (SAFETY.md 4). */
  failed(error: Error): void;
}

/**
 * Turns the synchronous Raft object into a running log: commands that arrive in one turn of the event loop are proposed
 * together, written by one append and made durable by one sync; what arrives meanwhile forms the next batch.
 *
 * Order kept: bytes to the WAL, then the sync, then `raft.stored` in the order of the jobs, and only from that `Ready`
 * on are the entries committed and the waiters answered.
 */
export class RaftDriver implements ReadIndexSource {
  private inbox: Buffer[] = [];
  private inboxBytes = 0;
  private turnRequested = false;
  private readRoundRequested = false;
  private unsynced: AppendJob[] = [];
  private syncing = false;
  private stopped = false;
  private softState: SoftState;

  constructor(
    private readonly raft: Raft,
    private readonly wal: Wal,
    private readonly scheduler: Scheduler,
    private readonly listener: RaftListener,
  ) {
    this.softState = { role: raft.role, leader: raft.leader, term: raft.term };
    wal.observeRoom(() => { if (this.inbox.length > 0) this.requestTurn(); });
  }

  get term(): number {
    return this.softState.term;
  }

  get leader(): bigint {
    return this.softState.leader;
  }

  get isLeader(): boolean {
    return this.softState.role === Role.Leader;
  }

  get committedIndex(): number {
    return this.raft.committed;
  }

  isSoleLeader(): boolean {
    const { voters, votersOutgoing } = this.raft.confState;
    const alone = voters.length === 1 && votersOutgoing.length === 0;
    return this.isLeader && alone && this.listener.appliedTerm() === this.softState.term;
  }

  /** Whether there is no other member that entries could have to be sent to. */
  private isAlone(): boolean {
    const { voters, votersOutgoing, learners, learnersNext } = this.raft.confState;
    return voters.length === 1 && votersOutgoing.length === 0 && learners.length === 0 && learnersNext.length === 0;
  }

  /**
   * Queues a command for the next turn, or for the moment when the log has room: large commands may come faster than its
   * next segment is prepared. Without hope of room, on a full disk, it is refused. @throws ApiError where it is certain that it was not proposed.
   */
  propose(command: Buffer): void {
    if (this.stopped) throw new ApiError('stopped');
    if (this.softState.leader === 0n) throw new ApiError('no_leader');
    if (this.inboxBytes + command.length > INBOX_BYTES_MAX) throw new ApiError('too_many_requests');
    const hasRoom = this.wal.hasRoom(this.inboxBytes + command.length, this.inbox.length + 1);
    if (!hasRoom && !this.wal.expectsRoom) throw new ApiError('no_space');
    this.inbox.push(command);
    this.inboxBytes += command.length;
    this.requestTurn();
  }

  /** Without a leader the round waits for one. */
  requestRound(): void {
    this.readRoundRequested = true;
    if (this.softState.leader !== 0n) this.requestTurn();
  }

  tick(): void {
    this.raft.tick();
    this.turn();
  }

  campaign(): void {
    this.raft.campaign();
    this.turn();
  }

  applied(index: number): void {
    this.raft.applied(index);
    // Kept until the next checkpoint, entries that nobody will ask for outlive many collections of garbage, and make each dearer.
    if (this.isAlone()) this.raft.compact(index);
    if (this.raft.hasReady()) this.requestTurn();
  }

  /** Takes no more proposals, writes what was taken, and resolves when it is durable. */
  async stop(): Promise<void> {
    this.turn();
    this.stopped = true;
    await this.wal.sync();
  }

  private requestTurn(): void {
    if (this.turnRequested) return;
    this.turnRequested = true;
    this.scheduler.defer(() => this.turn());
  }

  private turn(): void {
    this.turnRequested = false;
    if (this.stopped) return;
    try {
      this.proposeInbox();
      do {
        this.startReadRound();
        while (this.raft.hasReady()) this.handle(this.raft.ready());
      } while (this.readRoundRequested && this.softState.leader !== 0n);
      this.startSync();
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.listener.turnEnded();
  }

  private proposeInbox(): void {
    if (this.inbox.length === 0) return;
    const commands = this.takeWithRoom();
    if (commands.length === 0) return;
    const outcome = this.raft.propose(commands);
    if (outcome !== 'appended' && outcome !== 'forwarded') this.listener.refused(commands, refusalOf(outcome));
  }

  /** The oldest commands, as many as the log has room for. The others wait for more, or are refused where none is expected. */
  private takeWithRoom(): readonly Buffer[] {
    const { inbox, wal } = this;
    if (wal.hasRoom(this.inboxBytes, inbox.length)) {
      this.inbox = [];
      this.inboxBytes = 0;
      return inbox;
    }
    const taken: Buffer[] = [];
    const refused: Buffer[] = [];
    let takenBytes = 0;
    for (const command of inbox) {
      if (wal.hasRoom(takenBytes + command.length, taken.length + 1)) {
        taken.push(command);
        takenBytes += command.length;
      } else if (taken.length > 0 || wal.expectsRoom) break;
      else refused.push(command);
      this.inboxBytes -= command.length;
    }
    this.inbox = inbox.slice(taken.length + refused.length);
    if (refused.length > 0) this.listener.refused(refused, new ApiError('no_space'));
    // What is left may have room once these are written; otherwise the log tells when there is some.
    if (this.inbox.length > 0 && taken.length > 0) this.requestTurn();
    return taken;
  }

  private startReadRound(): void {
    if (!this.readRoundRequested || this.softState.leader === 0n) return;
    this.readRoundRequested = false;
    const context = this.listener.startReadRound();
    if (context !== undefined && this.raft.readIndex(context) === 'no_leader') this.listener.readDropped(context);
  }

  private handle(ready: Ready): void {
    assert(ready.messages.length === 0, 'a voter alone has nobody to talk to');
    if (ready.softState) {
      this.softState = ready.softState;
      this.listener.leadershipChanged(ready.softState);
    }
    if (ready.append) {
      this.wal.append({ entries: ready.append.entries, hardState: ready.append.hardState });
      this.unsynced.push(ready.append);
    }
    if (ready.committed.length > 0) this.listener.committed(ready.committed);
    for (const state of ready.readStates) this.listener.readConfirmed(state.context, state.index);
    for (const context of ready.droppedReads) this.listener.readDropped(context);
  }

  private startSync(): void {
    if (this.syncing || this.unsynced.length === 0) return;
    const jobs = this.unsynced;
    this.unsynced = [];
    if (!jobs.some((job) => job.mustSync)) {
      this.reportStored(jobs);
      if (this.raft.hasReady()) this.requestTurn();
      return;
    }
    this.syncing = true;
    const startedMs = this.listener.nowMs();
    this.wal.sync().then(
      () => {
        this.listener.synced(this.listener.nowMs() - startedMs);
        this.syncing = false;
        this.reportStored(jobs);
        this.turn();
      },
      (error: unknown) => this.fail(error as Error),
    );
  }

  private reportStored(jobs: readonly AppendJob[]): void {
    for (const job of jobs) this.raft.stored(job.term, job.index);
  }

  private fail(error: Error): void {
    this.stopped = true;
    this.listener.failed(error);
  }
}

function refusalOf(outcome: ProposeOutcome): ApiError {
  switch (outcome) {
    case 'no_leader': return new ApiError('no_leader');
    case 'transferring': return new ApiError('leader_changed');
    case 'uncommitted_full': return new ApiError('too_many_requests');
    default: return new ApiError('stopped', `etcdserver: proposal refused: ${outcome}`);
  }
}
