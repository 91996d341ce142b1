import { AlarmAction, type AlarmMember, type AlarmRequest, AlarmType, type ByteString, type ResponseHeader } from '@quorate/api';
import { assert, unreachable, violated } from '../base/assert';
import { crc32c } from '../base/crc32c';
import type { LeaseTable } from '../lease/lease-table';
import type { Steps } from '../mvcc/steps';
import { MvccStore } from '../mvcc/store';
import type { RevisionEvents } from '../mvcc/store-options';
import type { Backend, BackendBatch, BackendState } from '../ports/backend';
import type { ConfState } from '../raft/types';
import type { AlarmTable } from './alarm-table';
import type { CommandResult, EventualResult } from './applied';
import {
  applyLeaseCheckpoint, applyLeaseClear, applyLeaseExpire, applyLeaseGrant, applyLeaseRevoke, type LeaseContext,
} from './apply-lease';
import { type Command, type CommandBody, decodeCommand } from './command';
import { UnknownCommandError } from './command-bytes';
import { refusalOf } from './gates';
import type { MemberTable } from './member-table';
import type { MembershipChange } from './membership-change';
import { type InitialMembership, NO_MEMBERS, type ReplicatedState, restoreState, StateRecorder } from './state-records';

export interface MachineOptions {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly backend: Pick<Backend, 'read' | 'scan'>;
  /** The members of a new cluster; used while the store holds no state. Equal on all of them. */
  readonly initial?: InitialMembership;
  /** Lets other work run between two slices of a long read. */
  nextTurn?(): Promise<void>;
  /** Bytes of superseded versions that are kept after they were read from the backend. */
  readonly historyCacheBytes?: number;
}

/** What came of one entry. */
export interface Applied {
  /** By this the proposer finds its waiter; 0: nobody waits. */
  readonly proposalId: number;
  /** `undefined` where the caller did not want it. A promise only ever waits for a read of history. */
  readonly result: EventualResult | undefined;
  /** Of the store after the entry. */
  readonly revision: number;
}

export interface StateHash {
  readonly appliedIndex: number;
  readonly hash: number;
}

interface LongApply {
  readonly index: number;
  readonly term: number;
  readonly proposalId: number;
  readonly entryBytes: number;
  readonly wanted: boolean;
  readonly steps: Steps<EventualResult>;
}

/** What a version that the backend has not taken costs in memory beside its bytes, by estimate. */
const UNSTORED_VERSION_BYTES = 200;

/**
 * The state machine behind the log: applies committed entries, one at a time and in order, to the store, the leases, the
 * alarms and the membership. Deterministic: the same entries give the same state, results and refusals on every member;
 * it reads no clock, size or role. What it applied is handed to the backend in batches.
 */
export class Machine {
  private readonly state: ReplicatedState;
  private readonly recorder: StateRecorder;
  private readonly leaseContext: LeaseContext;
  private readonly headers: HeaderSource;
  private readonly position: { index: number; term: number };
  private longApply: LongApply | undefined;
  /** Up to where a batch was made, and the one that is not stored yet. */
  private batchedIndex: number;
  private outstanding: { readonly batch: BackendBatch; readonly revision: number } | undefined;
  private entryBytesUnbatched = 0;
  private entryBytesOutstanding = 0;

  /**
   * The machine as of the backend's applied index: entries after it are to be applied next.
   * @throws StateFormatError for a store of a newer version
   */
  static async restore(options: MachineOptions, saved: BackendState): Promise<Machine> {
    const state = restoreState(saved.state, options.initial ?? NO_MEMBERS);
    const headers = new HeaderSource(options.clusterId, options.memberId, saved.appliedTerm);
    const store = await MvccStore.restore({
      header: (revision) => headers.at(revision),
      backend: options.backend,
      leases: { exists: (id) => state.leases.has(id) },
      onLeaseChange: (key: ByteString, from: bigint, to: bigint) => state.leases.attach(key, from, to),
      ...(options.nextTurn && { nextTurn: () => options.nextTurn?.() as Promise<void> }),
      ...(options.historyCacheBytes !== undefined && { historyCacheBytes: options.historyCacheBytes }),
    }, { currentRevision: state.revision, compactedRevision: state.compactedRevision });
    return new Machine(saved, state, store, headers);
  }

  private constructor(saved: BackendState, state: ReplicatedState, readonly store: MvccStore, headers: HeaderSource) {
    this.state = state;
    this.headers = headers;
    this.position = { index: saved.appliedIndex, term: saved.appliedTerm };
    this.batchedIndex = saved.appliedIndex;
    this.recorder = new StateRecorder(state, {
      get revision(): number { return store.currentRevision; },
      get compactedRevision(): number { return store.compactedRevision; },
    });
    if (saved.state.length > 0) this.recorder.skipRestored();
    this.leaseContext = { leases: state.leases, store, header: () => headers.at(store.currentRevision) };
  }

  get appliedIndex(): number {
    return this.position.index;
  }

  get appliedTerm(): number {
    return this.position.term;
  }

  get leases(): LeaseTable {
    return this.state.leases;
  }

  get alarms(): AlarmTable {
    return this.state.alarms;
  }

  get members(): MemberTable {
    return this.state.members;
  }

  get confState(): ConfState {
    return this.state.confState;
  }

  /** `undefined` until the members have agreed on one. */
  get clusterVersion(): string | undefined {
    return this.state.clusterVersion;
  }

  /**
   * Applies one entry. `undefined`: it takes more than one slice of a few milliseconds; call `resume` until that gives the
   * answer, and no other entry before. Until then readers see the state before it.
   * @param wanted whether somebody waits here for the result
   * @throws UnknownCommandError, CommandFormatError, InvariantViolation: the member must stop, nothing may be skipped
   */
  apply(index: number, term: number, data: Buffer, wanted: boolean): Applied | undefined {
    this.begin(index, term);
    const command = decodeCommand(data);
    if (command.session !== undefined || command.user !== undefined) {
      throw new UnknownCommandError(`entry ${index} belongs to a session or a user, which this version does not act on`);
    }
    const { proposalId } = command;
    const error = refusalOf(command, this.state);
    if (error !== undefined) return this.finish(index, term, data.length, proposalId, wanted ? { type: 'refused', error } : undefined);
    if (isLong(command)) {
      this.longApply = { index, term, proposalId, entryBytes: data.length, wanted, steps: this.stepsOf(command, term, wanted) };
      return this.resume();
    }
    const result = this.applyShort(command, index, term);
    return this.finish(index, term, data.length, proposalId, wanted ? result : undefined);
  }

  /** Goes on with the entry that `apply` began, for another slice. */
  resume(): Applied | undefined {
    const { longApply } = this;
    if (longApply === undefined) return violated('there is no entry to go on with');
    const step = longApply.steps.next();
    if (!step.done) return undefined;
    this.longApply = undefined;
    const { index, term, entryBytes, proposalId, wanted } = longApply;
    return this.finish(index, term, entryBytes, proposalId, wanted ? step.value : undefined);
  }

  /**
   * Applies the entry of a configuration change.
   * @param change the membership change in its context; `undefined` where Raft left a joint configuration by itself
   * @param applyToRaft makes Raft take the change over, and returns its configuration from then on; not called if the
   * change is refused, when Raft must go on with the configuration it has
   */
  applyConfChange(index: number, term: number, change: MembershipChange | undefined, applyToRaft: () => ConfState): Applied {
    this.begin(index, term);
    const proposalId = change?.proposalId ?? 0;
    const error = change === undefined ? undefined : this.members.refusalOf(change);
    if (error !== undefined) return this.finish(index, term, 0, proposalId, { type: 'refused', error });
    if (change !== undefined) this.members.apply(change);
    this.state.confState = applyToRaft();
    const response = { header: this.headers.at(0), members: this.members.list() };
    return this.finish(index, term, 0, proposalId, { type: 'membership', response });
  }

  /** The changes of the entry just applied, told once; to be called before the next entry. */
  takeEvents(): RevisionEvents | undefined {
    return this.store.takeEvents();
  }

  /**
   * All effects of the entries applied since the last batch. `undefined`: there are none, or an entry is being applied in
   * slices and can only be stored whole. One batch at a time: the next one after `batchStored`.
   */
  takeBatch(): BackendBatch | undefined {
    if (this.longApply !== undefined || this.position.index === this.batchedIndex) return undefined;
    assert(this.outstanding === undefined, 'a batch is taken before the one before it was stored');
    const { revisions, compacted } = this.store.takeChanges();
    const { index, term } = this.position;
    const batch: BackendBatch = { appliedIndex: index, appliedTerm: term, revisions, compacted, state: this.recorder.takeChanged() };
    this.batchedIndex = index;
    this.outstanding = { batch, revision: this.store.currentRevision };
    this.entryBytesOutstanding = this.entryBytesUnbatched;
    this.entryBytesUnbatched = 0;
    return batch;
  }

  /** Bytes of the entries whose effects are in the batch that is not stored yet. */
  get batchEntryBytes(): number {
    return this.entryBytesOutstanding;
  }

  /** The backend has committed the batch: what was pinned in memory for it may go. */
  batchStored(batch: BackendBatch): void {
    const { outstanding } = this;
    if (outstanding?.batch !== batch) return violated('a batch was stored that is not the one on its way');
    this.outstanding = undefined;
    this.entryBytesOutstanding = 0;
    this.store.changesStored(outstanding.revision);
  }

  /** Bytes of applied effects that the backend has not committed, by estimate. */
  get pendingBytes(): number {
    return this.entryBytesUnbatched + this.entryBytesOutstanding + this.store.unstoredCount * UNSTORED_VERSION_BYTES;
  }

  /** A hash of the whole replicated state, and the applied index at which members must agree on it. */
  async stateHash(): Promise<StateHash> {
    for (;;) {
      const { appliedIndex } = this;
      const { currentRevision, compactedRevision } = this.store;
      const hash = this.recordsHash();
      const versions = await this.store.hashKv(currentRevision).catch((error: unknown) => {
        if (this.store.compactedRevision === compactedRevision) throw error;
        return undefined;
      });
      // A compaction in between has changed what is kept.
      if (versions?.compactRevision !== compactedRevision) continue;
      const last = Buffer.alloc(4);
      last.writeUInt32LE(versions.hash);
      return { appliedIndex, hash: crc32c(last, hash) >>> 0 };
    }
  }

  private recordsHash(): number {
    let hash = 0;
    for (const { bucket, key, value } of this.recorder.all()) {
      hash = crc32c(Buffer.from(`${bucket}\0${key}\0`, 'latin1'), hash);
      hash = crc32c(value as Buffer, hash);
    }
    return hash;
  }

  private begin(index: number, term: number): void {
    if (this.longApply !== undefined) violated('an entry is applied before the one before it was finished');
    if (index !== this.position.index + 1) violated(`entry ${index} is applied after entry ${this.position.index}`);
    if (term < this.position.term) violated(`entry ${index} of term ${term} is applied after one of term ${this.position.term}`);
    this.headers.term = term;
  }

  private finish(index: number, term: number, entryBytes: number, proposalId: number, result: EventualResult | undefined): Applied {
    this.position.index = index;
    this.position.term = term;
    this.entryBytesUnbatched += entryBytes;
    return { proposalId, result, revision: this.store.currentRevision };
  }

  private applyShort(command: ShortCommand, index: number, term: number): CommandResult {
    switch (command.type) {
      case 'noop': return { type: 'done' };
      case 'put': {
        const response = this.store.put(command.request);
        return typeof response === 'string' ? { type: 'refused', error: response } : { type: 'put', response };
      }
      case 'leaseGrant': return applyLeaseGrant(this.leaseContext, command, index);
      case 'leaseCheckpoint': return applyLeaseCheckpoint(this.leaseContext, command, term);
      case 'leaseClear': return applyLeaseClear(this.leaseContext, command, index);
      case 'alarm': return { type: 'alarm', response: { header: this.leaseContext.header(), alarms: this.applyAlarm(command.request) } };
      case 'memberAttributes': {
        const known = this.members.setAttributes(command.memberId, command.name, command.clientUrls);
        return known ? { type: 'done' } : { type: 'refused', error: 'member_unknown' };
      }
      case 'clusterVersion':
        this.state.clusterVersion = command.version;
        return { type: 'done' };
      default: return unreachable(command, 'command');
    }
  }

  private *stepsOf(command: LongCommand, term: number, wanted: boolean): Steps<EventualResult> {
    const { store } = this;
    switch (command.type) {
      case 'deleteRange': return { type: 'deleteRange', response: yield* store.deleteRange(command.request) };
      case 'txn': {
        const response = yield* store.txn(command.request, wanted);
        if (typeof response === 'string') return { type: 'refused', error: response };
        if (response instanceof Promise) return response.then((filled): CommandResult => ({ type: 'txn', response: filled }));
        return { type: 'txn', response };
      }
      case 'compact': {
        const error = yield* store.compact(command.request.revision);
        return error === undefined ? { type: 'compact', response: { header: this.leaseContext.header() } } : { type: 'refused', error };
      }
      case 'leaseRevoke': return yield* applyLeaseRevoke(this.leaseContext, command);
      case 'leaseExpire': return yield* applyLeaseExpire(this.leaseContext, command, term);
      default: return unreachable(command, 'command');
    }
  }

  /** The alarms that the answer names, as in etcd: activating one names it also if it was active before. */
  private applyAlarm({ action, memberId, alarm }: AlarmRequest): AlarmMember[] {
    switch (action) {
      case AlarmAction.GET: return this.alarms.list(alarm);
      case AlarmAction.ACTIVATE:
        if (alarm === AlarmType.NONE) return [];
        this.alarms.activate(memberId, alarm);
        return [{ memberId, alarm }];
      case AlarmAction.DEACTIVATE: return this.alarms.deactivate(memberId, alarm) ? [{ memberId, alarm }] : [];
      default: return [];
    }
  }
}

type LongCommand = CommandBody & { readonly type: 'deleteRange' | 'txn' | 'compact' | 'leaseRevoke' | 'leaseExpire' };
type ShortCommand = Exclude<CommandBody, LongCommand>;

/** Commands that may touch any number of keys. */
function isLong(command: Command): command is Command & LongCommand {
  switch (command.type) {
    case 'deleteRange': case 'txn': case 'compact': case 'leaseRevoke': case 'leaseExpire': return true;
    default: return false;
  }
}

/** Headers of answers; the term is that of the entry applied last, or being applied. */
class HeaderSource {
  constructor(private readonly clusterId: bigint, private readonly memberId: bigint, public term: number) {}

  at(revision: number): ResponseHeader {
    return { clusterId: this.clusterId, memberId: this.memberId, revision, raftTerm: this.term };
  }
}
