import { type AutoCompaction, type InitialMembership, type Logger, recoverReplica, type Replica, type ReplicaConfig, Wal } from '@quorate/core';
import { SeededRandom, SimBackend, SimClock, SimDisk, type SimDiskOptions, type SurvivalRate } from '@quorate/sim';

export const MEMBER_ID = 0x8e9e05c52164694dn;
const CLUSTER_ID = 0xcdf818194e3a8c32n;
const METADATA = Buffer.from('metadata of a simulated member');
const NO_COMPACTION: AutoCompaction = { mode: 'revision', retentionRevisions: 0 };

const INITIAL: InitialMembership = {
  members: [{ id: MEMBER_ID, name: '', peerUrls: ['http://localhost:2380'], clientUrls: [], isLearner: false }],
  confState: { voters: [MEMBER_ID], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

const CONFIG: ReplicaConfig = {
  memberId: MEMBER_ID, clusterId: CLUSTER_ID, name: 'default', peerUrls: ['http://localhost:2380'], clientUrls: ['http://localhost:2379'],
  heartbeatMs: 100, electionMs: 1000, snapshotCount: 100_000, snapshotCatchUpEntries: 5000, quotaBytes: 0, maxRequestBytes: 16 * 1024,
  maxTxnOps: 128, batchIntervalMs: 100, pendingBytesMax: 64 * 1024 * 1024, autoCompaction: NO_COMPACTION, version: '3.6.5',
};

/** What survives the process: the platters, and whatever else of it the way it ended left. */
export interface Remains {
  readonly disk: SimDisk;
  readonly backend: SimBackend;
}

export interface SimMemberOptions {
  readonly seed: number;
  readonly config?: Partial<ReplicaConfig>;
  readonly segmentBytes?: number;
  /** What an earlier life left; a new member unless given. */
  readonly remains?: Remains;
  /** Makes asynchronous work of the disk take time; none unless given. */
  readonly diskDelayMs?: (random: SeededRandom) => number;
  readonly disk?: Partial<SimDiskOptions>;
  /** Called with the parts before the member is started. */
  readonly prepare?: (parts: Remains) => void;
}

interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A whole member over simulated disk, store, clock and randomness. */
export class SimMember {
  readonly failures: Error[] = [];
  readonly lines: LogLine[] = [];
  replica!: Replica;

  private constructor(
    readonly options: SimMemberOptions, readonly clock: SimClock, readonly random: SeededRandom, readonly disk: SimDisk,
    readonly backend: SimBackend,
  ) {}

  /** Resolves when the member serves; rejects as its start does. */
  static async start(options: SimMemberOptions): Promise<SimMember> {
    const random = new SeededRandom(options.seed);
    const clock = new SimClock(promisesRan, random.int(1_000_000));
    const { diskDelayMs, remains } = options;
    const delays = diskDelayMs ? { delay: (): Promise<void> => clock.sleep(diskDelayMs(random)) } : {};
    const disk = remains?.disk ?? new SimDisk({ random, ...delays, ...options.disk });
    if (remains && diskDelayMs) disk.replaceDelay(() => clock.sleep(diskDelayMs(random)));
    const member = new SimMember(options, clock, random, disk, remains?.backend ?? new SimBackend());
    options.prepare?.(member);
    const starting = member.startReplica();
    await clock.until(starting);
    return member;
  }

  get kv(): Replica['kv'] {
    return this.replica.kv;
  }

  /** Lets this member's time pass until the promise is settled. */
  until<T>(promise: Promise<T>, limitMs?: number): Promise<T> {
    return this.clock.until(promise, limitMs);
  }

  /** The process dies: what was handed to the system stays. */
  kill(): Remains {
    return { disk: this.disk.kill(), backend: this.backend.reopen() };
  }

  /** The power goes: only what was synced is sure to stay. */
  powerLoss(survival?: SurvivalRate): Remains {
    return { disk: this.disk.powerLoss(survival), backend: this.backend.crash() };
  }

  /** The next life of this member. */
  restart(remains: Remains, seed = this.options.seed + 1): Promise<SimMember> {
    return SimMember.start({ ...this.options, seed, remains });
  }

  async stop(): Promise<void> {
    await this.until(this.replica.stop());
  }

  private async startReplica(): Promise<void> {
    const { clock, random, disk, backend, options } = this;
    const walOptions = { disk, random, logger: this.logger(), segmentBytes: options.segmentBytes ?? 256 * 1024, metadata: METADATA };
    const nothing = { metadata: METADATA, hardState: { term: 0, vote: 0n, commit: 0 }, entries: [], snapshot: { index: 0, term: 0 }, truncatedBytes: 0 };
    const { wal, recovered } = await Wal.exists(disk) ? await Wal.open(walOptions) : { wal: await Wal.create(walOptions), recovered: nothing };
    const ports = { clock, random, scheduler: clock, logger: this.logger(), backend };
    this.replica = await recoverReplica({ ...CONFIG, ...options.config }, ports, { wal, recovered, initial: INITIAL }, (error) => this.failures.push(error));
    await this.replica.start();
  }

  private logger(): Logger {
    const at = (level: string) => (message: string): void => { this.lines.push({ level, message }); };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

function promisesRan(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}

/** What a promise came to: its value, or the code (else the message) of its error. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<T | string> {
  try {
    return await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message;
  }
}
