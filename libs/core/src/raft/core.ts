/**
 * The state of one member and the transitions every role shares. The roles themselves are functions over it: `follower.ts`,
 * `candidate.ts`, `leader.ts`; the door to the outside is `raft.ts`.
 */
import { assert, violated } from '../base/assert';
import { Configuration } from './configuration';
import { Durability } from './durability';
import type { Message } from './message';
import { RaftLog } from './log';
import type { Progress, ProgressState } from './progress';
import { ForwardedReads, LeaderReads } from './read-index';
import {
  type HardState, type InitialState, type LogReadRequest, NO_NODE, type RaftConfig, type RaftEvent, type ReadState, Role, type SnapshotMeta,
} from './types';

const MEBIBYTE = 1024 * 1024;

/** The configuration with its defaults filled in (etcd's, where etcd has the setting). */
export type Settings = Required<RaftConfig>;

export function settle(config: RaftConfig): Settings {
  const settings: Settings = {
    id: config.id,
    random: config.random,
    electionTicks: config.electionTicks ?? 10,
    heartbeatTicks: config.heartbeatTicks ?? 1,
    maxSizePerMessageBytes: config.maxSizePerMessageBytes ?? MEBIBYTE,
    maxInflightMessages: config.maxInflightMessages ?? 512,
    maxInflightBytes: config.maxInflightBytes ?? 0,
    maxUncommittedBytes: config.maxUncommittedBytes ?? 0,
    maxCommittedBytesPerReady: config.maxCommittedBytesPerReady ?? MEBIBYTE,
    maxApplyingBytes: config.maxApplyingBytes ?? 64 * MEBIBYTE,
    preVote: config.preVote ?? true,
    checkQuorum: config.checkQuorum ?? true,
    forwardProposals: config.forwardProposals ?? true,
    stepDownOnRemoval: config.stepDownOnRemoval ?? true,
  };
  assert(settings.id !== NO_NODE, 'a member id must not be 0');
  assert(settings.heartbeatTicks >= 1, 'heartbeatTicks must be at least 1');
  assert(settings.electionTicks > settings.heartbeatTicks, 'electionTicks must be greater than heartbeatTicks');
  assert(settings.maxInflightMessages >= 1, 'maxInflightMessages must be at least 1');
  return settings;
}

const PROGRESS_NAMES = ['probe', 'replicate', 'snapshot'] as const;

export class RaftCore {
  readonly id: bigint;
  readonly settings: Settings;
  readonly log: RaftLog;
  readonly configuration: Configuration;
  readonly durability = new Durability();
  readonly reads = new LeaderReads();
  readonly forwardedReads: ForwardedReads;

  term: number;
  vote: bigint;
  role: Role = Role.Follower;
  leader = NO_NODE;
  /** What was last given to the disk. */
  savedHardState: HardState;
  /** The commit hint on disk is behind and a tick has passed: write it even without entries. */
  commitHintDue = false;
  restoredSnapshot: SnapshotMeta | undefined;

  electionElapsed = 0;
  heartbeatElapsed = 0;
  electionTimeout = 0;
  readonly votes = new Map<bigint, boolean>();
  /** The member that a leader hands its leadership to; proposals are refused meanwhile. */
  transferee = NO_NODE;
  /** No conf change is proposed before this index is applied. */
  pendingConfIndex = 0;
  uncommittedBytes = 0;
  /** The leader may have something to send that is not in the outbox yet. */
  flushDue = false;

  outbox: Message[] = [];
  readStates: ReadState[] = [];
  droppedReads: number[] = [];
  logReads: LogReadRequest[] = [];
  snapshotRequests: bigint[] = [];
  events: RaftEvent[] = [];

  constructor(config: RaftConfig, initial: InitialState) {
    this.settings = settle(config);
    this.id = config.id;
    const { hardState } = initial;
    this.term = hardState.term;
    this.vote = hardState.vote;
    this.log = new RaftLog(initial.start, initial.entries, Math.max(hardState.commit, initial.applied), initial.applied);
    if (this.log.lastTerm > this.term) violated(`the log ends in term ${this.log.lastTerm}, beyond the stored term ${this.term}`);
    this.savedHardState = { term: hardState.term, vote: hardState.vote, commit: hardState.commit };
    this.configuration = new Configuration(this.id, this.settings, initial.confState, this.log.lastIndex);
    this.forwardedReads = new ForwardedReads(this.settings.random.int(2 ** 31) * 2 ** 20 + 1);
    this.drawElectionTimeout();
  }

  // ---- sending

  /** For messages that promise nothing about this member's disk. */
  send(message: Message): void {
    this.outbox.push(message);
  }

  /** For messages that promise something: they leave when everything up to now is durable. One to this member itself is stepped then. */
  sendWhenDurable(message: Message, deliverToSelf: (message: Message) => void): void {
    if (this.durability.hold(message, this.hasUnsaved ? this.log.unhandedJobs : 0)) return;
    if (message.to === this.id) deliverToSelf(message);
    else this.outbox.push(message);
  }

  /** Whether there is something that needs a sync and is in no append job yet. */
  get hasUnsaved(): boolean {
    return this.log.handed < this.log.lastIndex || this.restoredSnapshot !== undefined
      || this.term !== this.savedHardState.term || this.vote !== this.savedHardState.vote;
  }

  // ---- transitions (figure 4 of the Raft paper, with the pre-candidate of the dissertation's 9.6)

  becomeFollower(term: number, leader: bigint): void {
    this.reset(term);
    this.role = Role.Follower;
    this.setLeader(leader);
  }

  becomePreCandidate(): void {
    assert(this.role !== Role.Leader, 'a leader cannot become a candidate');
    // Neither term nor vote changes: a pre-vote promises nothing and disturbs nobody.
    this.role = Role.PreCandidate;
    this.votes.clear();
    this.setLeader(NO_NODE);
    this.drawElectionTimeout();
  }

  becomeCandidate(): void {
    assert(this.role !== Role.Leader, 'a leader cannot become a candidate');
    this.reset(this.term + 1);
    this.role = Role.Candidate;
    this.vote = this.id;
  }

  /** The part of becoming leader that is bookkeeping; the no-op entry is `leader.ts`'s. */
  becomeLeader(): void {
    assert(this.role === Role.Candidate, 'only a candidate can become leader');
    this.reset(this.term);
    this.role = Role.Leader;
    this.setLeader(this.id);
    const self = this.configuration.self;
    assert(self !== undefined, 'a leader is part of its configuration');
    self.becomeReplicate();
    self.recentActive = true;
    // Conservative: an uncommitted conf change of an earlier term may stand anywhere in the log.
    this.pendingConfIndex = this.log.lastIndex;
    this.uncommittedBytes = this.log.uncommittedBytes();
  }

  private reset(term: number): void {
    if (term !== this.term) {
      assert(term > this.term, 'the term never falls');
      this.term = term;
      this.vote = NO_NODE;
    }
    this.setLeader(NO_NODE);
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.drawElectionTimeout();
    this.transferee = NO_NODE;
    this.votes.clear();
    for (const progress of this.configuration.all) {
      progress.reset(this.log.lastIndex);
      if (progress.id === this.id) progress.match = this.log.stable;
    }
    this.pendingConfIndex = 0;
    this.uncommittedBytes = 0;
    this.flushDue = false;
    for (const read of this.reads.drain()) if (read.from === this.id) this.droppedReads.push(read.context);
  }

  setLeader(leader: bigint): void {
    if (leader === this.leader) return;
    this.leader = leader;
    for (const context of this.forwardedReads.drain()) this.droppedReads.push(context);
  }

  abortTransfer(): void {
    if (this.transferee === NO_NODE) return;
    this.events.push({ kind: 'transfer_aborted', target: this.transferee });
    this.transferee = NO_NODE;
  }

  // ---- time

  drawElectionTimeout(): void {
    const { electionTicks, random } = this.settings;
    this.electionTimeout = electionTicks + random.int(electionTicks);
  }

  /** Whether this member may stand for election: it is a voter and does not wait for a snapshot to be installed. */
  get promotable(): boolean {
    const self = this.configuration.self;
    return self !== undefined && !self.isLearner && !this.log.snapshotPending;
  }

  // ---- log

  /** Whether this leader has committed an entry of its own term: only then does it know what is committed (dissertation, 6.4). */
  get committedInTerm(): boolean {
    return this.log.term(this.log.committed) === this.term;
  }

  commitTo(index: number): boolean {
    const before = this.log.committed;
    if (!this.log.commitTo(index)) return false;
    if (this.role === Role.Leader) {
      let bytes = 0;
      for (let i = before + 1; i <= index; i++) bytes += this.log.entry(i).data.length;
      this.uncommittedBytes -= bytes;
      this.flushDue = true;
    }
    return true;
  }

  truncateFrom(index: number): void {
    this.log.truncateFrom(index);
    this.durability.truncatedFrom(index);
  }

  noteProgress(progress: Progress, before: ProgressState): void {
    if (progress.state !== before) this.events.push({ kind: 'progress_changed', node: progress.id, state: PROGRESS_NAMES[progress.state] });
  }
}
