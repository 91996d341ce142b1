import fs from 'node:fs/promises';
import path from 'node:path';
import {
  type BackendState, type InitialMembership, type Logger, Machine, Raft, Replica, type ReplicaConfig, type ReplicaPorts, type Recovered, Wal,
} from '@quorate/core';
import { clusterIdOf, type InitialMember, memberIdOf } from './cluster-identity';
import { DirectoryLock } from './directory-lock';
import { FileDisk } from './file-disk';
import { decodeMetadata, encodeMetadata, type MemberMetadata } from './member-metadata';
import { SqliteBackend } from './sqlite/sqlite-backend';
import { SystemClock } from './system-clock';
import { SystemRandom } from './system-random';

export interface MemberOptions extends Omit<ReplicaConfig, 'memberId' | 'clusterId'> {
  readonly dataDir: string;
  /** Empty: `<dataDir>/member/wal`. */
  readonly walDir: string;
  readonly initialCluster: readonly InitialMember[];
  readonly initialClusterToken: string;
  readonly logger: Logger;
  /** Why a new cluster must not begin like this; asked only where there is no data yet. */
  bootstrapFault?(): Promise<string | undefined>;
  /** The member cannot go on; the process has to end with a code that is not zero. */
  readonly onFailure: (error: Error) => void;
}

/** The member cannot start, for a reason that its operator has to deal with. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** A member that serves, and how to end it. */
export interface RunningMember {
  readonly replica: Replica;
  readonly memberId: bigint;
  readonly clusterId: bigint;
  stop(): Promise<void>;
}

interface OpenedLog {
  readonly wal: Wal;
  readonly recovered: Recovered;
  readonly metadata: MemberMetadata;
}

/**
 * Builds a member from its directories: takes them for this process, reads the log and the store, and brings the one up
 * to the other. What the log says about identity and membership is true, whatever the flags say by now.
 * @throws StartError, DirectoryLockedError, WalCorruptError or StoreError, each with one line that says what to do
 */
export async function startMember(options: MemberOptions): Promise<RunningMember> {
  const memberDir = path.join(options.dataDir, 'member');
  const storeDir = path.join(memberDir, 'store');
  await refuseForeignData(options.dataDir);
  await fs.mkdir(memberDir, { recursive: true, mode: 0o700 });
  const lock = await DirectoryLock.acquire(memberDir);
  const disk = await FileDisk.open(options.walDir === '' ? path.join(memberDir, 'wal') : options.walDir);
  const random = new SystemRandom();
  const storeExists = await SqliteBackend.exists(storeDir);
  const log = await openLog(options, disk, random, storeExists);
  const { memberId, clusterId } = log.metadata;
  const backend = await SqliteBackend.open({ directory: storeDir, owner: { memberId, clusterId } });
  const ports: ReplicaPorts = {
    clock: new SystemClock(), random, logger: options.logger, backend, scheduler: { defer: (callback) => { setImmediate(callback); } },
  };
  const replica = await assemble({ ...options, memberId, clusterId }, ports, log);
  await replica.start();
  return {
    replica, memberId, clusterId,
    stop: async () => {
      await replica.stop();
      await disk.close();
      await lock.release();
    },
  };
}

async function openLog(options: MemberOptions, disk: FileDisk, random: SystemRandom, storeExists: boolean): Promise<OpenedLog> {
  const walOptions = { disk, random, logger: options.logger };
  if (await Wal.exists(disk)) {
    const { wal, recovered } = await Wal.open({ ...walOptions, metadata: Buffer.alloc(0) });
    // A first start that was cut short leaves a log without entries, and no store yet.
    if (!storeExists && wal.lastIndex > 0) throw new StartError(missingHalf(true, options.dataDir));
    return { wal, recovered, metadata: decodeMetadata(recovered.metadata) };
  }
  if (storeExists) throw new StartError(missingHalf(false, options.dataDir));
  const fault = await options.bootstrapFault?.();
  if (fault !== undefined) throw new StartError(fault);
  const metadata = newMetadata(options);
  const encoded = encodeMetadata(metadata);
  const wal = await Wal.create({ ...walOptions, metadata: encoded });
  const recovered: Recovered = {
    metadata: encoded, hardState: { term: 0, vote: 0n, commit: 0 }, entries: [], snapshot: { index: 0, term: 0 }, truncatedBytes: 0,
  };
  return { wal, recovered, metadata };
}

function newMetadata({ initialCluster, initialClusterToken, name }: MemberOptions): MemberMetadata {
  const initialMembers = initialCluster.map((member) => ({ ...member, id: memberIdOf(member.peerUrls, initialClusterToken) }));
  const self = initialMembers.find((member) => member.name === name);
  if (!self) throw new StartError(`couldn't find local name "${name}" in the initial cluster configuration`);
  return { memberId: self.id, clusterId: clusterIdOf(initialMembers.map(({ id }) => id)), initialMembers };
}

async function assemble(config: ReplicaConfig & MemberOptions, ports: ReplicaPorts, log: OpenedLog): Promise<Replica> {
  const { wal, recovered, metadata } = log;
  const saved = await ports.backend.load();
  checkStoreAgainstLog(saved, recovered, wal.lastIndex);
  const machine = await Machine.restore({
    backend: ports.backend, clusterId: config.clusterId, memberId: config.memberId,
    initial: initialMembershipOf(metadata),
    nextTurn: () => new Promise((resolve) => { setImmediate(resolve); }),
  }, saved);
  const raft = new Raft({ id: config.memberId, random: ports.random }, {
    hardState: { ...recovered.hardState, commit: Math.max(recovered.hardState.commit, saved.appliedIndex) },
    confState: machine.confState,
    start: recovered.snapshot,
    entries: recovered.entries,
    applied: saved.appliedIndex,
  });
  return new Replica(config, ports, { raft, wal, machine }, config.onFailure);
}

function initialMembershipOf({ initialMembers }: MemberMetadata): InitialMembership {
  return {
    members: initialMembers.map(({ id, name, peerUrls }) => ({ id, name, peerUrls, clientUrls: [], isLearner: false })),
    confState: {
      voters: initialMembers.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1)),
      learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false,
    },
  };
}

/** The store may lag behind the log, by any amount that the log still has; it is never ahead (SAFETY.md 1). */
function checkStoreAgainstLog(saved: BackendState, recovered: Recovered, lastIndex: number): void {
  if (saved.appliedIndex < recovered.snapshot.index) {
    throw new StartError(
      `the store holds entries up to ${saved.appliedIndex}, but the WAL begins after ${recovered.snapshot.index}: `
      + 'the store is older than the log. Restore both from the same backup',
    );
  }
  if (saved.appliedIndex > lastIndex) {
    throw new StartError(
      `the store holds entries up to ${saved.appliedIndex}, but the WAL ends at ${lastIndex}: `
      + 'the log is older than the store. Restore both from the same backup',
    );
  }
}

function missingHalf(walExists: boolean, dataDir: string): string {
  return walExists
    ? `database file (${path.join(dataDir, 'member', 'store')}) of the backend is missing; restore it, or start with an empty data directory`
    : `the WAL that belongs to the store in ${dataDir} is missing; restore it, or start with an empty data directory`;
}

/** A directory that a real etcd wrote is told apart by its bbolt file, and left untouched. */
async function refuseForeignData(dataDir: string): Promise<void> {
  const etcdStore = path.join(dataDir, 'member', 'snap', 'db');
  const found = await fs.stat(etcdStore).then(() => true, () => false);
  if (found) {
    throw new StartError(
      `${dataDir} is the data directory of an etcd: it is left untouched. Choose another --data-dir, and bring the keys over with etcdctl`,
    );
  }
}
