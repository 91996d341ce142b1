import type { Random } from '@quorate/api';
import { type Recovered, Wal, type WalBatch, type WalOptions } from '@quorate/core';
import { SeededRandom, SimDisk, type TearUnit } from '@quorate/sim';
import { afterBatch, difference, EMPTY_STATE, type ModelState, roomFor, sameEntry, walOptions } from './wal-model.testing';

/** The log is not what it was promised to be. */
export class Loss extends Error {}

export interface DriverOptions {
  readonly seed: number;
  readonly crashes: number;
  readonly stepsPerCrash: number;
  readonly tear?: TearUnit;
}

/**
 * Drives a log with a random workload through power losses and kills. After each of them the log must be one of the states it went through,
 * and not one before the last that a resolved sync covered.
 */
export class CrashDriver {
  readonly random: Random;
  private disk: SimDisk;
  private wal: Wal | undefined;
  /** States after each batch since the last start; the first is the one that start found. */
  private states: ModelState[] = [EMPTY_STATE];
  private syncedCount = 0;
  private trimmedTo = 1;
  private readonly background: Promise<unknown>[] = [];

  constructor(private readonly options: DriverOptions) {
    this.random = new SeededRandom(options.seed);
    this.disk = new SimDisk({
      random: this.random,
      tear: options.tear ?? 'sector',
      delay: async () => {
        for (let hops = this.random.int(6); hops > 0; hops--) await Promise.resolve();
      },
    });
  }

  async run(): Promise<void> {
    this.wal = await Wal.create(this.walOptions());
    for (let crash = 0; crash < this.options.crashes; crash++) {
      const steps = this.random.int(this.options.stepsPerCrash);
      for (let step = 0; step < steps; step++) await this.step();
      await this.crashAndRecover();
    }
    await this.checkReads();
    await Promise.allSettled(this.background);
    await this.wal.close();
  }

  private walOptions(): WalOptions {
    return walOptions(this.disk, this.random, { spareSegments: 1 + (this.options.seed % 3) });
  }

  private get state(): ModelState {
    return this.states[this.states.length - 1]!;
  }

  private async step(): Promise<void> {
    const chance = this.random.int(100);
    if (chance < 60) await this.append();
    else if (chance < 85) await this.sync();
    else if (chance < 92) this.trim();
    else if (chance < 95) await this.checkReads();
    else for (let hops = this.random.int(30); hops > 0; hops--) await Promise.resolve();
  }

  private async append(): Promise<void> {
    const batch = this.randomBatch();
    await roomFor(this.wal!, batch.entries.reduce((sum, one) => sum + one.data.length, 0), batch.entries.length);
    this.wal!.append(batch);
    this.states.push(afterBatch(this.state, batch));
  }

  private async sync(): Promise<void> {
    const covers = this.states.length - 1;
    const synced = this.wal!.sync().then(() => {
      this.syncedCount = Math.max(this.syncedCount, covers);
    });
    if (this.random.int(3) > 0) await synced;
    else this.background.push(synced.catch(() => undefined));
  }

  /** Only what a resolved sync covers is durable elsewhere too. */
  private trim(): void {
    const durable = this.states[this.syncedCount]!;
    const last = durable.entries[durable.entries.length - 1]?.index ?? durable.snapshot.index;
    const index = this.trimmedTo + this.random.int(Math.max(1, last - this.trimmedTo + 1));
    if (this.state.entries.some((one) => one.index === index) || index <= this.state.snapshot.index) {
      this.trimmedTo = Math.max(this.trimmedTo, index);
      this.background.push(this.wal!.trim(index).catch(() => undefined));
    }
  }

  private randomBatch(): WalBatch {
    const { random, state } = this;
    const entries: WalBatch['entries'][number][] = [];
    let { term } = state.hardState;
    let snapshot: WalBatch['snapshot'];
    let last = state.entries[state.entries.length - 1]?.index ?? state.snapshot.index;
    const kind = random.int(20);
    if (kind === 0) {
      term++;
      last += 1 + random.int(3);
      snapshot = { index: last, term };
    } else if (kind === 1 && state.entries.length > 0) {
      const { index, term: entryTerm } = state.entries[random.int(state.entries.length)]!;
      snapshot = { index, term: entryTerm };
    } else if (kind === 2) {
      term++;
      const floor = Math.max(state.snapshot.index, this.trimmedTo - 1);
      last -= Math.min(random.int(5), Math.max(0, last - floor));
    }
    for (let count = random.int(5); count > 0; count--) entries.push({ index: ++last, term, type: random.int(2) as 0 | 1, data: this.randomData() });
    const hardState = entries.length === 0 || random.int(2) === 0 ? { term, vote: BigInt(random.int(3)), commit: random.int(last + 1) } : undefined;
    return { hardState, entries, snapshot };
  }

  private randomData(): Buffer {
    const length = [this.random.int(40), this.random.int(300), 600 + this.random.int(900)][this.random.int(3)]!;
    return this.random.int(4) === 0 ? Buffer.alloc(length) : this.random.bytes(length);
  }

  private async crashAndRecover(): Promise<void> {
    const syncedCount = this.syncedCount;
    this.disk = this.random.int(4) === 0 ? this.disk.kill() : this.disk.powerLoss();
    await Promise.allSettled(this.background);
    this.background.length = 0;
    await this.wal!.close();
    const { wal, recovered } = await Wal.open(this.walOptions());
    this.wal = wal;
    this.states = [this.found(recovered, syncedCount)];
    this.syncedCount = 0;
    await this.checkReads();
  }

  /** Which of the states the log is in. */
  private found(recovered: Recovered, syncedCount: number): ModelState {
    const reasons: string[] = [];
    for (let at = this.states.length - 1; at >= syncedCount; at--) {
      const reason = difference(recovered, this.states[at]!, this.trimmedTo);
      if (reason === undefined) return this.states[at]!;
      reasons.push(`${at}: ${reason}`);
    }
    throw new Loss(`seed ${this.options.seed}: the log is in none of the states ${syncedCount} to ${this.states.length - 1} (${reasons.join('; ')})`);
  }

  private async checkReads(): Promise<void> {
    const wal = this.wal!;
    const expected = this.state.entries.filter((one) => one.index >= wal.firstIndex);
    const last = this.state.entries[this.state.entries.length - 1]?.index ?? this.state.snapshot.index;
    if (wal.lastIndex !== last && wal.lastIndex >= wal.firstIndex) throw new Loss(`seed ${this.options.seed}: the last index is ${wal.lastIndex} instead of ${last}`);
    if (expected.length === 0) return;
    if (expected[0]!.index > Math.max(this.trimmedTo, this.state.snapshot.index + 1)) throw new Loss(`seed ${this.options.seed}: too much was trimmed`);
    const lo = expected[0]!.index;
    const read = await wal.entries(lo, last + 1, 100_000_000);
    if (read.length !== expected.length || read.some((one, at) => !sameEntry(one, expected[at]!))) throw new Loss(`seed ${this.options.seed}: entries read back differ`);
  }
}
