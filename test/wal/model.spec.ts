import fc from 'fast-check';
import { Wal, type WalBatch } from '@quorate/core';
import { SeededRandom, SimDisk } from '@quorate/sim';
import { afterBatch, difference, EMPTY_STATE, entry, type ModelState, roomFor, sameEntry, walOptions } from './wal-model.testing';

interface Model {
  state: ModelState;
  /** The state that a resolved sync covers, and those after it. */
  candidates: ModelState[];
  trimmedTo: number;
}

interface Real {
  disk: SimDisk;
  wal: Wal;
}

type Command = fc.AsyncCommand<Model, Real>;

const last = ({ entries, snapshot }: ModelState): number => entries[entries.length - 1]?.index ?? snapshot.index;

async function append(model: Model, real: Real, batch: WalBatch): Promise<void> {
  await roomFor(real.wal, batch.entries.reduce((sum, one) => sum + one.data.length, 0), batch.entries.length);
  real.wal.append(batch);
  model.state = afterBatch(model.state, batch);
  model.candidates.push(model.state);
  expect(real.wal.lastIndex).toBe(last(model.state));
}

class Append implements Command {
  constructor(private readonly sizes: readonly number[], private readonly back: number, private readonly withState: boolean) {}

  check = (): boolean => true;

  run(model: Model, real: Real): Promise<void> {
    const { state } = model;
    const floor = Math.max(state.snapshot.index, model.trimmedTo - 1);
    const base = Math.max(last(state) - this.back, Math.min(floor, last(state)));
    const term = state.hardState.term + (base < last(state) ? 1 : 0);
    const entries = this.sizes.map((size, at) => entry(base + 1 + at, term, Buffer.alloc(size, base + at)));
    const hardState = this.withState || base < last(state) ? { term, vote: 1n, commit: base } : undefined;
    return append(model, real, { entries, hardState });
  }

  toString = (): string => `append(${this.sizes.join(',')} back ${this.back}${this.withState ? ' state' : ''})`;
}

class Snapshot implements Command {
  constructor(private readonly ahead: number) {}

  check = (): boolean => true;

  run(model: Model, real: Real): Promise<void> {
    const { state } = model;
    const known = state.entries[this.ahead % Math.max(1, state.entries.length)];
    const term = state.hardState.term + 1;
    if (this.ahead % 2 === 0 && known) return append(model, real, { entries: [], snapshot: { index: known.index, term: known.term } });
    return append(model, real, { entries: [], snapshot: { index: last(state) + this.ahead, term }, hardState: { term, vote: 0n, commit: last(state) } });
  }

  toString = (): string => `snapshot(${this.ahead})`;
}

class Sync implements Command {
  check = (): boolean => true;

  async run(model: Model, real: Real): Promise<void> {
    await real.wal.sync();
    model.candidates = [model.state];
  }

  toString = (): string => 'sync';
}

class Trim implements Command {
  constructor(private readonly back: number) {}

  check = (): boolean => true;

  async run(model: Model, real: Real): Promise<void> {
    await new Sync().run(model, real);
    const index = Math.max(model.trimmedTo, last(model.state) - this.back);
    if (index > last(model.state)) return;
    model.trimmedTo = index;
    const firstIndex = await real.wal.trim(index);
    expect(firstIndex).toBeLessThanOrEqual(Math.max(index, model.state.snapshot.index + 1));
    expect(firstIndex).toBe(real.wal.firstIndex);
  }

  toString = (): string => `trim(${this.back})`;
}

class Read implements Command {
  constructor(private readonly from: number, private readonly count: number, private readonly maxBytes: number) {}

  check = (): boolean => true;

  async run(model: Model, { wal }: Real): Promise<void> {
    const readable = model.state.entries.filter((one) => one.index >= wal.firstIndex);
    const wanted = readable.slice(this.from % Math.max(1, readable.length)).slice(0, this.count);
    if (wanted.length === 0) return;
    const read = await wal.entries(wanted[0]!.index, wanted[wanted.length - 1]!.index + 1, this.maxBytes);
    expect(read.length).toBeGreaterThan(0);
    expect(read.every((one, at) => sameEntry(one, wanted[at]!))).toBe(true);
    const bytes = (entries: readonly { data: Buffer }[]): number => entries.reduce((sum, one) => sum + one.data.length, 0);
    if (read.length > 1) expect(bytes(read)).toBeLessThanOrEqual(this.maxBytes);
    if (read.length < wanted.length) expect(bytes(wanted.slice(0, read.length + 1))).toBeGreaterThan(this.maxBytes);
    for (const one of wanted) expect(wal.term(one.index)).toBe(one.term);
  }

  toString = (): string => `read(${this.from} ${this.count} ${this.maxBytes})`;
}

class Restart implements Command {
  constructor(private readonly how: 'close' | 'kill' | 'power') {}

  check = (): boolean => true;

  async run(model: Model, real: Real): Promise<void> {
    if (this.how === 'close') await real.wal.close();
    real.disk = this.how === 'power' ? real.disk.powerLoss() : real.disk.kill();
    const { wal, recovered } = await Wal.open(walOptions(real.disk, new SeededRandom(3)));
    const candidates = this.how === 'power' ? model.candidates : [model.state];
    const found = [...candidates].reverse().find((state) => difference(recovered, state, model.trimmedTo) === undefined);
    if (found === undefined) throw new Error(difference(recovered, candidates[candidates.length - 1]!, model.trimmedTo));
    real.wal = wal;
    model.state = found;
    model.candidates = [found];
  }

  toString = (): string => this.how;
}

const commands = fc.commands([
  fc.record({ sizes: fc.array(fc.oneof(fc.nat(64), fc.nat(1200)), { maxLength: 4 }), back: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(6)), withState: fc.boolean() })
    .map(({ sizes, back, withState }) => new Append(sizes, back, withState)),
  fc.constant(new Sync()),
  fc.integer({ min: 1, max: 5 }).map((ahead) => new Snapshot(ahead)),
  fc.nat(8).map((back) => new Trim(back)),
  fc.record({ from: fc.nat(50), count: fc.integer({ min: 1, max: 30 }), maxBytes: fc.oneof(fc.nat(3000), fc.constant(1_000_000)) })
    .map(({ from, count, maxBytes }) => new Read(from, count, maxBytes)),
  fc.constantFrom('close' as const, 'kill' as const, 'power' as const).map((how) => new Restart(how)),
], { maxCommands: 60, size: 'max' });

describe('WAL, against an array', () => {
  test('holds what the array holds, through any appends, overwrites, snapshots, trims, reads and restarts', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(), commands, async (seed, sequence) => {
      const setup = async () => {
        const disk = new SimDisk({ random: new SeededRandom(seed) });
        const wal = await Wal.create(walOptions(disk, new SeededRandom(2)));
        return { model: { state: EMPTY_STATE, candidates: [EMPTY_STATE], trimmedTo: 1 }, real: { disk, wal } };
      };
      await fc.asyncModelRun(setup, sequence);
    }), { numRuns: 300, seed: 20261121, endOnFailure: false });
  }, 60_000);
});
