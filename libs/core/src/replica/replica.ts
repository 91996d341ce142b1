import {
  AlarmAction, type AlarmMember, AlarmType, ApiError, type CancelTimer, type Clock, EventType, type MaintenanceApi, type KvApi, type Random,
  REQUEST_TIMEOUT_BASE_MS, type ResponseHeader, type StatusResponse, type WatchEvent,
} from '@quorate/api';
import { proposalIdOf } from '../machine/command';
import type { Machine } from '../machine/machine';
import type { Backend } from '../ports/backend';
import type { Logger } from '../ports/logger';
import type { Scheduler } from '../ports/scheduler';
import type { Raft } from '../raft/raft';
import type { RaftStatus } from '../raft/status';
import type { Entry, SoftState } from '../raft/types';
import type { Wal } from '../wal/wal';
import { WatchHub } from '../watch/hub';
import { Applier } from './applier';
import { AutoCompactor } from './auto-compactor';
import { LeaseKeeper } from './lease-keeper';
import { LocalKvApi } from './local-kv-api';
import { LocalMaintenance } from './local-maintenance';
import { Measures, type Readings } from './measures';
import { Proposer } from './proposer';
import { RaftDriver } from './raft-driver';
import { Reads } from './reads';
import type { ReplicaConfig } from './replica-config';
import { StoreWriter } from './store-writer';
import { Waiters } from './waiters';

/** The parts of the world that a member is given. */
export interface ReplicaPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly backend: Backend;
}

/** What was rebuilt from disk before the member starts. */
export interface ReplicaState {
  readonly raft: Raft;
  readonly wal: Wal;
  readonly machine: Machine;
}

/** Ticks that came late by more than this many heartbeats mean that the thread stood still (SAFETY.md 23). */
const STALL_HEARTBEATS = 2;
/** Time between two attempts to publish the name and URLs of this member. */
const PUBLISH_RETRY_MS = 1000;

/**
 * One running member: the log, the state machine behind it, and the doors' view of both. It assembles its parts and
 * keeps their clock; each part has one job and a file of its own.
 */
export class Replica {
  readonly kv: KvApi;
  readonly maintenance: MaintenanceApi;
  readonly hub: WatchHub;
  readonly measures = new Measures();
  private readonly machine: Machine;
  private readonly driver: RaftDriver;
  private readonly applier: Applier;
  private readonly waiters: Waiters;
  private readonly reads: Reads;
  private readonly proposer: Proposer;
  private readonly writer: StoreWriter;
  private readonly leases: LeaseKeeper;
  private readonly compactor: AutoCompactor;
  private readonly wal: Wal;
  private readonly raft: Raft;
  private cancelTick: CancelTimer | undefined;
  private lastTickMs: number;
  private lastLeader = 0n;
  private failure: Error | undefined;
  private stopping = false;
  private cancelPublish: CancelTimer | undefined;

  /** @param onFailure the member cannot go on; the process has to end with a code that is not zero */
  constructor(
    private readonly config: ReplicaConfig,
    private readonly ports: ReplicaPorts,
    state: ReplicaState,
    private readonly onFailure: (error: Error) => void,
  ) {
    const { clock, scheduler, backend, logger, random } = ports;
    const timeoutMs = REQUEST_TIMEOUT_BASE_MS + 2 * config.electionMs;
    this.machine = state.machine;
    this.wal = state.wal;
    this.raft = state.raft;
    this.lastTickMs = clock.monotonicMs();
    this.waiters = new Waiters(timeoutMs);
    this.hub = new WatchHub(state.machine.store, (error) => this.fail(error), () => new Promise((resolve) => { scheduler.defer(resolve); }));
    this.applier = new Applier(state.machine, this.waiters, scheduler, {
      published: (revision, events) => this.published(revision, events),
      applied: (index) => this.applied(index),
      failed: (error) => this.fail(error),
    });
    this.driver = new RaftDriver(state.raft, state.wal, scheduler, {
      committed: (entries: readonly Entry[]) => this.applier.enqueue(entries),
      turnEnded: () => this.applier.run(),
      refused: (commands, error) => { for (const command of commands) this.waiters.fail(proposalIdOf(command), error.code); },
      readConfirmed: (context, index) => this.reads.confirm(context, index),
      readDropped: (context) => this.reads.drop(context),
      appliedTerm: () => this.machine.appliedTerm,
      startReadRound: () => this.reads.startRound(),
      leadershipChanged: (soft) => this.leadershipChanged(soft),
      synced: (durationMs) => this.measures.walSync.record(durationMs),
      nowMs: () => clock.monotonicMs(),
      failed: (error) => this.fail(error),
    });
    this.reads = new Reads(this.driver, timeoutMs);
    this.reads.applied(this.machine.appliedIndex);
    this.proposer = this.makeProposer(random);
    this.writer = new StoreWriter({
      backend, clock, logger, source: state.machine, commits: this.measures.storeCommit,
      batchIntervalMs: config.batchIntervalMs,
      checkpointEntries: config.snapshotCount,
      checkpointed: (index, term) => this.checkpointed(index, term),
      failed: (error) => this.fail(error),
    }, this.machine.appliedIndex);
    this.leases = new LeaseKeeper({
      machine: this.machine, clock, random, electionMs: config.electionMs, reads: this.reads, proposer: this.proposer,
      header: () => this.header(), isLeader: () => this.driver.isLeader, term: () => this.driver.term,
    });
    this.compactor = this.makeCompactor();
    this.kv = new LocalKvApi({
      machine: this.machine, proposer: this.proposer, reads: this.reads, leases: this.leases, hub: this.hub,
      writer: this.writer, clock, maxTxnOps: config.maxTxnOps, measures: this.measures,
      hasLeader: () => this.driver.leader !== 0n,
      status: () => this.status(),
      reserve: (costBytes) => this.reserve(costBytes),
    });
    this.maintenance = new LocalMaintenance({
      machine: this.machine, backend, writer: this.writer, proposer: this.proposer, reads: this.reads,
      nowMs: () => clock.monotonicMs(), header: () => this.header(), storageVersion: storageVersionOf(config.version),
      memberId: config.memberId, leader: () => this.driver.leader,
    });
  }

  /** Resolves when this member leads, has applied its whole log and has published its name and URLs. */
  async start(): Promise<void> {
    this.scheduleTick();
    this.compactor.start();
    this.driver.campaign();
    await this.untilCurrent();
    await this.publishWhenPossible();
  }

  /** Ends all watches and waits, stores what is applied, and closes the log. Nothing acknowledged depends on it. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.cancelTick?.();
    this.cancelPublish?.();
    this.compactor.stop();
    this.hub.stop('etcdserver: server stopped');
    if (!this.failure) await this.driver.stop();
    this.applier.stop();
    this.waiters.failAll('stopped');
    this.reads.stop('stopped');
    if (!this.failure) await this.writer.stop();
    await this.wal.close();
    await this.ports.backend.close();
  }

  /** A read of the store failed. While the member stops, that only means that the store is closed already. */
  storeFailed(error: Error): void {
    if (!this.stopping) this.fail(error);
  }

  get isLeader(): boolean {
    return this.driver.isLeader;
  }

  /** `0n`: none is known. */
  get leader(): bigint {
    return this.driver.leader;
  }

  /** Raised alarms of all members. */
  alarms(): readonly AlarmMember[] {
    return this.machine.alarms.list();
  }

  raftStatus(): RaftStatus {
    return this.raft.status();
  }

  readings(): Readings {
    const { machine, driver, wal, config, hub } = this;
    return {
      memberId: config.memberId, clusterId: config.clusterId, leader: driver.leader, isLeader: driver.isLeader, term: driver.term,
      committedIndex: driver.committedIndex, appliedIndex: machine.appliedIndex, clusterVersion: machine.clusterVersion,
      proposalsPending: this.waiters.size, currentRevision: machine.store.currentRevision,
      compactedRevision: machine.store.compactedRevision, keyCount: machine.store.keyCount, storeBytes: machine.store.sizeBytes,
      quotaBytes: config.quotaBytes, pendingBytes: machine.pendingBytes, leaseCount: machine.leases.size, watches: hub.counts,
      walFirstIndex: wal.firstIndex, walLastIndex: wal.lastIndex, walRoomBytes: wal.roomBytes,
    };
  }

  header(): ResponseHeader {
    return {
      clusterId: this.config.clusterId, memberId: this.config.memberId,
      revision: this.machine.store.currentRevision, raftTerm: this.driver.term,
    };
  }

  private makeProposer(random: Random): Proposer {
    const { applier, machine, driver } = this;
    const gate = {
      get backlog(): number { return applier.backlog; },
      get pendingBytes(): number { return machine.pendingBytes; },
      propose: (command: Buffer): void => driver.propose(command),
    };
    return new Proposer(gate, this.waiters, this.ports.clock, this.config, random);
  }

  private makeCompactor(): AutoCompactor {
    const { machine, driver, kv } = { machine: this.machine, driver: this.driver, kv: (): KvApi => this.kv };
    const target = {
      get currentRevision(): number { return machine.store.currentRevision; },
      get isLeader(): boolean { return driver.isLeader; },
      compact: async (revision: number): Promise<void> => {
        await kv().compact({ revision }).catch((error: unknown) => {
          if (!(error instanceof ApiError) || error.code !== 'compacted') throw error;
        });
      },
    };
    return new AutoCompactor(this.config.autoCompaction, this.ports.clock, target, (error) => {
      this.ports.logger.warn('auto-compaction failed', { reason: error.message });
    });
  }

  /** However long it takes to apply what the log holds. */
  private async untilCurrent(): Promise<void> {
    for (;;) {
      try {
        await this.reads.quorumRound(this.ports.clock.monotonicMs());
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'timeout') throw error;
        this.ports.logger.info('still applying the log', { appliedIndex: this.machine.appliedIndex, lastIndex: this.wal.lastIndex });
      }
    }
  }

  /** A member whose disk is full serves what it has, and publishes once there is room. */
  private async publishWhenPossible(): Promise<void> {
    try {
      await this.publish();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === 'stopped') throw error;
      this.ports.logger.warn('could not publish the name and URLs of this member; trying again', { reason: error.message });
      this.cancelPublish = this.ports.clock.setTimer(PUBLISH_RETRY_MS, () => {
        this.publishWhenPossible().catch((later: Error) => { if (!(later instanceof ApiError)) this.fail(later); });
      });
    }
  }

  private async publish(): Promise<void> {
    const { memberId, name, clientUrls, version } = this.config;
    const known = this.machine.members.list().find(({ id }) => id === memberId);
    if (known?.name !== name || known.clientUrls.join() !== clientUrls.join()) {
      await this.proposer.submit({ type: 'memberAttributes', memberId, name, clientUrls });
    }
    const clusterVersion = `${storageVersionOf(version)}.0`;
    if (this.machine.clusterVersion !== clusterVersion) await this.proposer.submit({ type: 'clusterVersion', version: clusterVersion });
  }

  private published(revision: number, events: readonly WatchEvent[]): void {
    this.hub.publish(revision, events);
    const { measures } = this;
    measures.events += events.length;
    for (const { type } of events) {
      if (type === EventType.PUT) measures.puts++;
      else measures.deletes++;
    }
  }

  private applied(index: number): void {
    this.driver.applied(index);
    this.reads.applied(index);
    this.leases.follow();
    this.writer.schedule();
  }

  private leadershipChanged(soft: SoftState): void {
    if (soft.leader !== 0n && soft.leader !== this.lastLeader) {
      this.lastLeader = soft.leader;
      this.measures.leaderChanges++;
    }
    this.ports.logger.info('raft state changed', { role: soft.role, leader: soft.leader.toString(16), term: soft.term });
    this.leases.follow();
  }

  /** The store holds everything up to `index` durably: shorten the log, keeping what a late follower may ask for. */
  private async checkpointed(index: number, term: number): Promise<void> {
    this.wal.append({ entries: [], snapshot: { index, term } });
    await this.wal.sync();
    const keptFrom = index - this.config.snapshotCatchUpEntries;
    this.raft.compact(index);
    if (keptFrom > 0) await this.wal.trim(keptFrom);
  }

  private scheduleTick(): void {
    this.cancelTick = this.ports.clock.setTimer(this.config.heartbeatMs, () => this.onTimer());
  }

  private onTimer(): void {
    if (this.failure) return;
    const nowMs = this.ports.clock.monotonicMs();
    const sinceTickMs = nowMs - this.lastTickMs;
    const stalled = sinceTickMs > (STALL_HEARTBEATS + 1) * this.config.heartbeatMs;
    this.lastTickMs = nowMs;
    this.scheduleTick();
    if (!stalled) {
      this.tick();
      return;
    }
    this.measures.stalls++;
    this.measures.longestStallMs = Math.max(this.measures.longestStallMs, sinceTickMs - this.config.heartbeatMs);
    // Node runs timers before the sockets that have data by now: let those speak first, and count the pause as one tick.
    this.leases.holdExpiry();
    this.ports.scheduler.defer(() => this.tick());
  }

  private tick(): void {
    const nowMs = this.ports.clock.monotonicMs();
    this.driver.tick();
    this.waiters.expire(nowMs);
    this.reads.expire(nowMs);
    this.leases.tick(nowMs);
  }

  private reserve(costBytes: number): void {
    const { quotaBytes, memberId } = this.config;
    if (quotaBytes <= 0 || this.machine.store.sizeBytes + costBytes < quotaBytes) return;
    const raised = this.machine.alarms.list().some((alarm) => alarm.memberId === memberId && alarm.alarm === AlarmType.NOSPACE);
    if (!raised) {
      this.ports.logger.warn('the space quota is used up; raising the NOSPACE alarm', { quotaBytes, sizeBytes: this.machine.store.sizeBytes });
      this.proposer.submitUnwatched({ type: 'alarm', request: { action: AlarmAction.ACTIVATE, memberId, alarm: AlarmType.NOSPACE } });
    }
    throw new ApiError('no_space');
  }

  private async status(): Promise<StatusResponse> {
    const size = this.machine.store.sizeBytes;
    const errors = this.machine.alarms.list().map((alarm) => `memberID:${alarm.memberId} alarm:${alarm.alarm === AlarmType.NOSPACE ? 'NOSPACE' : 'CORRUPT'} `);
    if (this.driver.leader === 0n) errors.unshift('etcdserver: no leader');
    const { totalBytes } = await this.ports.backend.size();
    return {
      header: this.header(), version: this.config.version, dbSizeBytes: Math.max(totalBytes, size), dbSizeInUseBytes: size,
      dbSizeQuotaBytes: Math.max(this.config.quotaBytes, 0), leader: this.driver.leader,
      raftIndex: this.driver.committedIndex, raftTerm: this.driver.term, raftAppliedIndex: this.machine.appliedIndex,
      errors, isLearner: false, storageVersion: `${storageVersionOf(this.config.version)}.0`,
    };
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.ports.logger.error('the member cannot go on', { reason: error.message });
    this.waiters.failAll('stopped');
    this.reads.stop('stopped');
    this.onFailure(error);
  }
}

/** `3.6` of `3.6.x`. */
function storageVersionOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
