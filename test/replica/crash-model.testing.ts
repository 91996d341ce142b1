import { ApiError, EventType, type KvApi, type RequestOp, type Watch, type WatchBatch, type WatchEvent } from '@quorate/api';
import { SeededRandom } from '@quorate/sim';
import { type Remains, SimMember } from './sim-member.testing';

const KEYS = ['a', 'b', 'ba', 'c', 'd', 'e'];
const LEASE_IDS = [1n, 2n, 3n, 4n];
const TTL_SECONDS = 2;
const CLIENTS = 4;

/** A write as its caller knows it. */
type Write =
  | { readonly type: 'put'; readonly keys: readonly string[]; readonly value: string; readonly lease: bigint }
  | { readonly type: 'delete'; readonly from: string; readonly to: string | undefined }
  | { readonly type: 'revoke'; readonly id: bigint };

interface Read {
  readonly key: string;
  readonly revision: number;
  readonly value: string | undefined;
}

interface Held {
  readonly value: string;
  readonly lease: bigint;
}

/** What callers were told in one life of the member. */
class Told {
  readonly acknowledged = new Map<number, Write>();
  readonly inDoubt: Write[] = [];
  /** Values of writes that were refused for certain. */
  readonly refused = new Set<string>();
  readonly reads: Read[] = [];
  revision: number;

  constructor(revision: number) {
    this.revision = revision;
  }
}

/** What must be there after a restart: the state that was verified last, and the leases. */
interface Baseline {
  revision: number;
  state: Map<string, Held>;
  leases: Map<bigint, LeaseNote>;
}

interface LeaseNote {
  /** The lease may end from this moment of the present clock on. */
  notBeforeMs: number;
  /** It may have ended: somebody asked for that, its time was over, or its grant was never answered. */
  uncertain: boolean;
}

export interface CrashModelResult {
  readonly acknowledged: number;
  readonly inDoubt: number;
  readonly lives: number;
}

/** Several lives of one member under load, each ended in a way of its own, and everything it told checked in the next. */
export async function runCrashModel(seed: number): Promise<CrashModelResult> {
  const random = new SeededRandom(seed);
  const baseline: Baseline = { revision: 1, state: new Map(), leases: new Map() };
  const lives = 2 + random.int(4);
  const config = {
    snapshotCount: [3, 20, 1000][random.int(3)]!, snapshotCatchUpEntries: random.int(20), batchIntervalMs: [1, 20, 100][random.int(3)]!,
  };
  const diskDelayMs = random.int(2) === 0 ? undefined : (of: SeededRandom): number => of.int(4);
  let member = await SimMember.start({ seed, config, segmentBytes: 16 * 1024, ...(diskDelayMs ? { diskDelayMs } : {}) });
  let acknowledged = 0;
  let inDoubt = 0;
  for (let life = 1; life <= lives; life++) {
    const one = new Life(member, baseline, new SeededRandom(seed * 100 + life));
    const { told, seen, remains } = await one.live();
    acknowledged += told.acknowledged.size;
    inDoubt += told.inDoubt.length;
    member = await member.restart(remains, seed * 100 + life);
    await verify(member, baseline, told, seen);
  }
  return { acknowledged, inDoubt, lives };
}

/** One life: clients that write, read and wait, a store that lags, and an end. */
class Life {
  private readonly told: Told;
  private readonly kv: KvApi;
  private readonly watch: Watch;
  private readonly seen: WatchBatch[] = [];
  private values = 0;
  private over = false;

  constructor(private readonly member: SimMember, private readonly baseline: Baseline, private readonly random: SeededRandom) {
    this.told = new Told(baseline.revision);
    this.kv = member.kv;
    this.watch = member.replica.hub.open({ key: '\0', rangeEnd: '\0', startRevision: baseline.revision + 1 });
    this.watch.onReadable(() => this.drain());
  }

  async live(): Promise<{ told: Told; seen: readonly WatchBatch[]; remains: Remains }> {
    const { member, random } = this;
    for (let client = 0; client < CLIENTS; client++) void this.client();
    for (let steps = random.int(12); steps >= 0; steps--) {
      await member.clock.advance(random.int(120));
      await this.checkLeases();
      this.disturb();
    }
    this.over = true;
    const remains = await this.end();
    const endedMs = member.clock.monotonicMs();
    for (const [id, note] of this.baseline.leases) if (note.notBeforeMs <= endedMs || this.mayBeRevoked(id, note)) note.uncertain = true;
    // Whoever still waits learns nothing: what it asked for stays in doubt.
    return { told: this.told, seen: this.seen, remains };
  }

  private drain(): void {
    for (let batch = this.watch.poll(); batch; batch = this.watch.poll()) {
      if (batch.type !== 'events') continue;
      this.seen.push(batch);
    }
  }

  /** Late is allowed, early never. */
  private async checkLeases(): Promise<void> {
    const found = new Set((await this.member.until(this.kv.leaseLeases())).ids);
    for (const [id, note] of this.baseline.leases) {
      const early = this.member.clock.monotonicMs() < note.notBeforeMs;
      if (!found.has(id) && early && !this.mayBeRevoked(id, note)) throw new Error(`lease ${id} ended early`);
    }
  }

  private mayBeRevoked(id: bigint, note: LeaseNote): boolean {
    return note.uncertain || this.told.inDoubt.some((write) => write.type === 'revoke' && write.id === id);
  }

  private disturb(): void {
    const { backend } = this.member;
    switch (this.random.int(8)) {
      case 0: backend.holdCommits(); break;
      case 1: backend.releaseCommits(1); break;
      case 2: backend.resumeCommits(); break;
      case 3: backend.full = !backend.full; break;
      case 4: this.member.clock.stall(this.random.int(1000)); break;
      default:
    }
  }

  private async end(): Promise<Remains> {
    const { member, random } = this;
    switch (random.int(5)) {
      case 0: return member.kill();
      case 1:
        member.backend.full = false;
        member.backend.resumeCommits();
        await member.stop();
        return { disk: member.disk.kill(), backend: member.backend.reopen() };
      case 2:
        // A sync fails, the member ends itself; what it had written may or may not be on the platters.
        member.disk.failNext('sync');
        await member.clock.advance(300);
        return random.int(2) === 0 ? member.kill() : member.powerLoss();
      default: return member.powerLoss();
    }
  }

  private async client(): Promise<void> {
    while (!this.over) {
      await this.call();
      await this.member.clock.sleep(this.random.int(30));
    }
  }

  private async call(): Promise<void> {
    const draw = this.random.int(100);
    if (draw < 40) return this.write({ type: 'put', keys: [this.key()], value: this.value(), lease: this.lease() });
    if (draw < 50) return this.write({ type: 'put', keys: ['a', 'e'], value: this.value(), lease: 0n });
    if (draw < 60) return this.write({ type: 'delete', from: this.key(), to: this.random.int(2) === 0 ? undefined : this.key() });
    if (draw < 70) return this.grant(LEASE_IDS[this.random.int(LEASE_IDS.length)]!);
    if (draw < 74) return this.write({ type: 'revoke', id: this.lease() });
    if (draw < 82) return this.keepAlive();
    if (draw < 86) return this.compact();
    return this.read();
  }

  private async write(write: Write): Promise<void> {
    try {
      const revision = await this.send(write);
      if (write.type === 'revoke') this.mayHaveEnded(write.id);
      if (revision !== undefined) this.acknowledge(revision, write);
    } catch (error) {
      this.refused(error, write);
    }
  }

  private mayHaveEnded(id: bigint): void {
    const note = this.baseline.leases.get(id);
    if (note) note.uncertain = true;
  }

  /** @returns the revision that the write made; `undefined`: it found nothing to change */
  private async send(write: Write): Promise<number | undefined> {
    const doubt = this.told.inDoubt;
    doubt.push(write);
    const before = this.told.revision;
    try {
      return await this.change(write);
    } catch (error) {
      if (error instanceof ApiError && error.outcome === 'not_applied') doubt.splice(doubt.indexOf(write), 1);
      throw error;
    } finally {
      if (this.told.revision < before) throw new Error('revisions went back');
    }
  }

  private async change(write: Write): Promise<number | undefined> {
    const { kv } = this;
    switch (write.type) {
      case 'put': {
        const put = (key: string) => ({ key, value: Buffer.from(write.value), lease: write.lease });
        if (write.keys.length === 1) return (await kv.put(put(write.keys[0]!))).header.revision;
        const success = write.keys.map((key): RequestOp => ({ type: 'put', request: put(key) }));
        return (await kv.txn({ compare: [], success, failure: [] })).header.revision;
      }
      case 'delete': {
        const { header, deleted } = await kv.deleteRange({ key: write.from, ...(write.to === undefined ? {} : { rangeEnd: write.to }) });
        return deleted > 0 ? header.revision : this.settled(write);
      }
      case 'revoke': {
        await kv.leaseRevoke(write.id);
        // Whether it had keys, and so a revision, the answer does not say.
        return undefined;
      }
    }
  }

  private settled(write: Write): undefined {
    this.told.inDoubt.splice(this.told.inDoubt.indexOf(write), 1);
    return undefined;
  }

  private acknowledge(revision: number, write: Write): void {
    if (this.told.acknowledged.has(revision)) throw new Error(`revision ${revision} was told to two writers`);
    this.settled(write);
    this.told.acknowledged.set(revision, write);
    this.told.revision = Math.max(this.told.revision, revision);
  }

  private refused(error: unknown, write: Write): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.outcome === 'not_applied' && write.type === 'put') this.told.refused.add(write.value);
  }

  private async grant(id: bigint): Promise<void> {
    const { leases } = this.baseline;
    const askedMs = this.member.clock.monotonicMs();
    const before = leases.get(id);
    leases.set(id, { notBeforeMs: 0, uncertain: true });
    try {
      const { ttlSeconds } = await this.kv.leaseGrant({ id, ttlSeconds: TTL_SECONDS });
      leases.set(id, { notBeforeMs: askedMs + ttlSeconds * 1000, uncertain: false });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const since = leases.get(id)?.notBeforeMs ?? 0;
      if (error.outcome === 'not_applied' && before) leases.set(id, { ...before, notBeforeMs: Math.max(before.notBeforeMs, since) });
    }
  }

  private async keepAlive(): Promise<void> {
    const id = this.lease();
    const askedMs = this.member.clock.monotonicMs();
    try {
      const { ttlSeconds } = await this.kv.leaseKeepAlive(id);
      const note = this.baseline.leases.get(id);
      if (ttlSeconds > 0 && note) note.notBeforeMs = Math.max(note.notBeforeMs, askedMs + ttlSeconds * 1000);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Never beyond what has been verified, so that the history since then can be read. */
  private async compact(): Promise<void> {
    try {
      await this.kv.compact({ revision: 1 + this.random.int(this.baseline.revision) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private async read(): Promise<void> {
    const key = this.key();
    const before = this.told.revision;
    try {
      const { header, kvs } = await this.kv.range({ key });
      if (header.revision < before) throw new Error(`a read at revision ${header.revision} began after ${before} was acknowledged`);
      this.told.reads.push({ key, revision: header.revision, value: kvs[0]?.value.toString() });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private key(): string {
    return KEYS[this.random.int(KEYS.length)]!;
  }

  private lease(): bigint {
    return this.random.int(2) === 0 ? 0n : LEASE_IDS[this.random.int(LEASE_IDS.length)]!;
  }

  private value(): string {
    return `${this.member.options.seed}.${++this.values}${'.'.repeat(this.random.int(8) === 0 ? this.random.int(3000) : 0)}`;
  }
}

/** Reads the history since the baseline and holds it against what was told; the state then is the next baseline. */
async function verify(member: SimMember, baseline: Baseline, told: Told, seen: readonly WatchBatch[]): Promise<void> {
  const { revision } = (await member.until(member.kv.range({ key: 'none' }))).header;
  for (const acknowledged of told.acknowledged.keys()) if (acknowledged > revision) throw new Error(`revision ${acknowledged} was acknowledged, the store is at ${revision}`);
  const history = await historyOf(member, baseline.revision + 1, revision);
  for (const batch of seen) {
    if (batch.type !== 'events') continue;
    const there = history.get(batch.revision);
    if (there === undefined || describe(there) !== describe(batch.events)) throw new Error(`a watcher saw revision ${batch.revision}, which is not in the history`);
  }
  const state = new Map(baseline.state);
  const states = new Map([[baseline.revision, new Map(state)]]);
  for (const [at, events] of [...history].sort((a, b) => a[0] - b[0])) {
    explain(at, events, told, state);
    for (const { type, kv } of events) {
      if (told.refused.has(kv.value.toString())) throw new Error(`the refused write of ${kv.key} was carried out at revision ${at}`);
      if (type === EventType.PUT) state.set(kv.key, { value: kv.value.toString(), lease: kv.lease });
      else state.delete(kv.key);
    }
    states.set(at, new Map(state));
  }
  for (const at of told.acknowledged.keys()) if (!history.has(at)) throw new Error(`the acknowledged write at revision ${at} is lost`);
  for (const read of told.reads) {
    if (states.get(read.revision)?.get(read.key)?.value !== read.value) throw new Error(`a read saw ${read.key} at revision ${read.revision} as it never was`);
  }
  await compareState(member, state);
  await compareLeases(member, baseline, state);
  baseline.revision = revision;
  baseline.state = state;
}

async function historyOf(member: SimMember, from: number, to: number): Promise<Map<number, readonly WatchEvent[]>> {
  const history = new Map<number, readonly WatchEvent[]>();
  if (to < from) return history;
  const watch = member.replica.hub.open({ key: '\0', rangeEnd: '\0', startRevision: from });
  let last = from - 1;
  const read = async (): Promise<void> => {
    for await (const batch of watch) {
      if (batch.type !== 'events') throw new Error(`the watch of the history ended: ${batch.type}`);
      if (batch.revision !== last + 1) throw new Error(`revision ${batch.revision} follows ${last}`);
      last = batch.revision;
      history.set(last, batch.events);
      if (last === to) return;
    }
  };
  await member.until(read());
  return history;
}

/** Every revision was made by a write that was sent, or by the end of a lease. */
function explain(revision: number, events: readonly WatchEvent[], told: Told, state: ReadonlyMap<string, Held>): void {
  const acknowledged = told.acknowledged.get(revision);
  if (acknowledged) {
    if (!matches(acknowledged, events, state)) throw new Error(`revision ${revision} is ${describe(events)}, acknowledged was ${JSON.stringify(acknowledged, noBigInt)}`);
    return;
  }
  const doubtful = told.inDoubt.findIndex((write) => matches(write, events, state));
  if (doubtful >= 0) {
    told.inDoubt.splice(doubtful, 1);
    return;
  }
  const leases = new Set(events.map(({ kv }) => state.get(kv.key)?.lease ?? 0n));
  const ended = leases.size === 1 && !leases.has(0n) && events.every(({ type }) => type === EventType.DELETE);
  if (!ended) throw new Error(`nobody asked for revision ${revision}: ${describe(events)}`);
}

function matches(write: Write, events: readonly WatchEvent[], state: ReadonlyMap<string, Held>): boolean {
  switch (write.type) {
    case 'put':
      return describe(events) === write.keys.map((key) => `put ${key}=${write.value}/${write.lease}`).join(' ');
    case 'delete': {
      const covered = [...state.keys()].filter((key) => (write.to === undefined ? key === write.from : key >= write.from && key < write.to)).sort();
      return covered.length > 0 && describe(events) === covered.map((key) => `delete ${key}`).join(' ');
    }
    case 'revoke': {
      const attached = [...state].filter(([, { lease }]) => lease === write.id).map(([key]) => key).sort();
      return attached.length > 0 && describe(events) === attached.map((key) => `delete ${key}`).join(' ');
    }
  }
}

function describe(events: readonly WatchEvent[]): string {
  return events.map(({ type, kv }) => (type === EventType.PUT ? `put ${kv.key}=${kv.value.toString()}/${kv.lease}` : `delete ${kv.key}`)).join(' ');
}

function noBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

async function compareState(member: SimMember, state: ReadonlyMap<string, Held>): Promise<void> {
  const { kvs } = await member.until(member.kv.range({ key: '\0', rangeEnd: '\0' }));
  const found = kvs.map(({ key, value, lease }) => `${key}=${value.toString()}/${lease}`).join(' ');
  const expected = [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { value, lease }]) => `${key}=${value}/${lease}`).join(' ');
  if (found !== expected) throw new Error(`the store holds ${found}, its history makes ${expected}`);
}

/** Granted leases are there unless they may have ended; each has just the keys that name it. */
async function compareLeases(member: SimMember, baseline: Baseline, state: ReadonlyMap<string, Held>): Promise<void> {
  const found = new Set((await member.until(member.kv.leaseLeases())).ids);
  const nowMs = member.clock.monotonicMs();
  for (const [id, note] of baseline.leases) {
    if (found.has(id)) continue;
    if (!note.uncertain) throw new Error(`lease ${id} is lost`);
    baseline.leases.delete(id);
  }
  for (const id of found) {
    const { keys, grantedTtlSeconds } = await member.until(member.kv.leaseTimeToLive({ id, keys: true }));
    const attached = [...state].filter(([, { lease }]) => lease === id).map(([key]) => key).sort();
    if (keys.join() !== attached.join()) throw new Error(`lease ${id} has the keys ${keys.join()}, attached are ${attached.join()}`);
    baseline.leases.set(id, { notBeforeMs: nowMs + grantedTtlSeconds * 1000, uncertain: false });
  }
}
