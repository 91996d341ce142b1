import fs from 'node:fs/promises';
import path from 'node:path';
import {
  type InitialMembership, type Logger, type Recovered, recoverReplica, type Replica, type ReplicaConfig, type ReplicaPorts, Wal,
} from '@quorate/core';
import { clusterIdOf, type InitialMember, memberIdOf } from './cluster-identity';
import { DirectoryLock } from './directory-lock';
import { createDirectory, FileDisk } from './file-disk';
import { decodeMetadata, encodeMetadata, type MemberMetadata } from './member-metadata';
import { SqliteBackend } from './sqlite/sqlite-backend';
import { SystemClock } from './system-clock';
import { SystemRandom } from './system-random';

/** `<sequence>-<first index>.wal` */
const ETCD_SEGMENT = /^[0-9a-f]{16}-[0-9a-f]{16}\.wal$/;

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
 * @throws StartError, StoreMismatchError, DirectoryLockedError, WalCorruptError or StoreError, each with one line that says what to do
 */
export async function startMember(options: MemberOptions): Promise<RunningMember> {
  const memberDir = path.join(options.dataDir, 'member');
  const walDir = options.walDir === '' ? path.join(memberDir, 'wal') : options.walDir;
  await refuseForeignData(options.dataDir, walDir);
  await createDirectory(memberDir);
  const lock = await DirectoryLock.acquire(memberDir);
  try {
    const disk = await FileDisk.open(walDir);
    try {
      const { replica, memberId, clusterId } = await startReplica(options, path.join(memberDir, 'store'), disk);
      return {
        replica, memberId, clusterId,
        stop: async () => {
          await replica.stop();
          await disk.close();
          await lock.release();
        },
      };
    } catch (error) {
      await disk.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Closes what it opened where it throws. */
async function startReplica(options: MemberOptions, storeDir: string, disk: FileDisk): Promise<Omit<RunningMember, 'stop'>> {
  const random = new SystemRandom();
  const storeExists = await SqliteBackend.exists(storeDir);
  const { wal, recovered, metadata } = await openLog(options, disk, random, storeExists);
  const { memberId, clusterId } = metadata;
  let backend: SqliteBackend | undefined;
  let replica: Replica | undefined;
  try {
    backend = await SqliteBackend.open({ directory: storeDir, owner: { memberId, clusterId } });
    const ports: ReplicaPorts = {
      clock: new SystemClock(), random, logger: options.logger, backend, scheduler: { defer: (callback) => { setImmediate(callback); } },
    };
    const log = { wal, recovered, initial: initialMembershipOf(metadata) };
    replica = await recoverReplica({ ...options, memberId, clusterId }, ports, log, options.onFailure);
    await replica.start();
    return { replica, memberId, clusterId };
  } catch (error) {
    if (replica) await replica.stop();
    else await Promise.all([wal.close(), backend?.close()]);
    throw error;
  }
}

async function openLog(options: MemberOptions, disk: FileDisk, random: SystemRandom, storeExists: boolean): Promise<OpenedLog> {
  const walOptions = { disk, random, logger: options.logger };
  if (await Wal.exists(disk)) {
    const { wal, recovered } = await Wal.open({ ...walOptions, metadata: Buffer.alloc(0) });
    // A first start that was cut short leaves a log without entries, and no store yet.
    if (!storeExists && wal.lastIndex > 0) {
      await wal.close();
      throw new StartError(missingHalf(true, options.dataDir));
    }
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

function initialMembershipOf({ initialMembers }: MemberMetadata): InitialMembership {
  return {
    members: initialMembers.map(({ id, name, peerUrls }) => ({ id, name, peerUrls, clientUrls: [], isLearner: false })),
    confState: {
      voters: initialMembers.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1)),
      learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false,
    },
  };
}

function missingHalf(walExists: boolean, dataDir: string): string {
  return walExists
    ? `database file (${path.join(dataDir, 'member', 'store')}) of the backend is missing; restore it, or start with an empty data directory`
    : `the WAL that belongs to the store in ${dataDir} is missing; restore it, or start with an empty data directory`;
}

/** A directory that a real etcd wrote is told apart by its bbolt file and its names of segments, and left untouched. */
async function refuseForeignData(dataDir: string, walDir: string): Promise<void> {
  const etcdStore = path.join(dataDir, 'member', 'snap', 'db');
  const found = await fs.stat(etcdStore).then(() => true, () => false);
  if (found) throw new StartError(foreignData(dataDir));
  const names = await fs.readdir(walDir).catch(() => []);
  if (names.some((name) => ETCD_SEGMENT.test(name))) throw new StartError(foreignData(walDir));
}

function foreignData(directory: string): string {
  return `${directory} is the data directory of an etcd: it is left untouched. Choose another --data-dir, and bring the keys over with etcdctl`;
}
