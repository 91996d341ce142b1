import {
  ApiError, type ByteString, type DeleteRangeRequest, type KeyValue, type PutRequest, type RangeRequest, type RangeResponse, type ResponseOp,
  type TxnRequest, type TxnResponse, type WatchEvent,
} from '@quorate/api';
import { SimBackend } from '@quorate/sim';
import { encode, LEASES, MvccModel, type PlainKv } from './mvcc-model.testing';
import { MvccStore } from './store';
import type { SavedStore, StoreOptions } from './store-options';
import type { Steps } from './steps';
import { VERSION_OVERHEAD_BYTES } from './versions';

/** A replicated command, as the log would carry it. */
export type Command =
  | { readonly type: 'put'; readonly request: PutRequest }
  | { readonly type: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly type: 'deleteKeys'; readonly keys: readonly ByteString[] }
  | { readonly type: 'txn'; readonly request: TxnRequest }
  | { readonly type: 'compact'; readonly behind: number };

/** A deliberately broken store; the checks of the harness must find out. */
export type Sabotage = (store: MvccStore) => void;

/**
 * Runs a store with a lagging backend beside the model and compares everything that can be seen, also between the slices of
 * a change and after restarts that lose what the backend had not committed (and get it back from the log of commands).
 */
export class StoreHarness {
  model = new MvccModel();
  store!: MvccStore;
  backend = new SimBackend();
  readonly leases = new Map<string, bigint>();
  private readonly log: Command[] = [];
  /** All compacted revisions so far. */
  private readonly compactions: number[] = [-1];
  /** Reads begun and not finished. */
  private readonly running: Promise<void>[] = [];
  private failure: Error | undefined = undefined;
  private turns: (() => void)[] = [];
  private batches: { readonly upTo: number; readonly done: Promise<void> }[] = [];
  private readonly random: (max: number) => number;

  constructor(seed: number, private readonly sliceKeys: number, private readonly sabotage?: Sabotage, private readonly savedOf: (saved: SavedStore, backend: SimBackend) => SavedStore = (saved) => saved) {
    let state = seed | 1;
    this.random = (max) => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 8) % max;
    };
  }

  async start(): Promise<void> {
    this.backend.holdReads();
    const { state, appliedIndex } = await this.backend.load();
    const record = state[0]?.value;
    const saved = record === undefined ? { currentRevision: 1, compactedRevision: -1 } : (JSON.parse(record.toString()) as SavedStore);
    this.leases.clear();
    this.batches = [];
    const options: StoreOptions = {
      header: (revision) => ({ clusterId: 1n, memberId: 2n, raftTerm: 3, revision }),
      backend: this.backend,
      leases: { exists: (id) => LEASES.includes(id) },
      onLeaseChange: (key, from, to) => this.leaseChanged(key, from, to),
      nextTurn: () => new Promise((resolve) => this.turns.push(resolve)),
      sliceKeys: this.sliceKeys,
      historyCacheBytes: 2000,
    };
    const restored = MvccStore.restore(options, this.savedOf(saved, this.backend));
    this.store = await this.settled(restored);
    this.sabotage?.(this.store);
    const replay = this.log.slice(appliedIndex);
    this.model = new MvccModel();
    for (const command of this.log.slice(0, appliedIndex)) applyToModel(this.model, command);
    equal(this.store.currentRevision, this.model.revision, 'revision after a restart');
    equal(this.store.compactedRevision, this.model.compacted, 'compacted revision after a restart');
    this.checkPresent();
    for (const command of replay) await this.carryOut(command);
  }

  async apply(command: Command): Promise<void> {
    this.log.push(command);
    await this.carryOut(command);
  }

  /** Hands what changed to the backend, which commits it when it is told to. */
  flush(): void {
    const { revisions, compacted } = this.store.takeChanges();
    const saved: SavedStore = { currentRevision: this.store.currentRevision, compactedRevision: this.store.compactedRevision };
    this.backend.holdCommits();
    const done = this.backend.commit({
      appliedIndex: this.log.length, appliedTerm: 1, revisions, compacted,
      state: [{ bucket: 'meta', key: 'saved', value: Buffer.from(JSON.stringify(saved)) }],
    });
    this.batches.push({ upTo: saved.currentRevision, done });
  }

  /** The backend commits its oldest batch, and the store learns of it. */
  async commit(): Promise<void> {
    const batch = this.batches.shift();
    if (batch === undefined) return;
    this.backend.releaseCommits(1);
    await batch.done;
    this.store.changesStored(batch.upTo);
  }

  /** A range that runs beside whatever comes next. */
  beginRange(request: RangeRequest): void {
    const asked = request.revision ?? 0;
    const { model } = this;
    const begunAt = model.revision;
    this.begin('range', () => this.store.range(request), (response) => {
      const head = response.header.revision;
      if (head < begunAt || (asked > 0 && head !== begunAt)) throw new Error(`a range begun at revision ${begunAt} answers from ${head}`);
      equal(rangeView(response), model.range(request, head), `range ${show(request)} begun at ${begunAt}`);
    }, asked > 0 ? asked : undefined);
  }

  /** A read-only transaction that runs beside whatever comes next. */
  beginReadTxn(request: TxnRequest): void {
    const { model } = this;
    const begunAt = model.revision;
    this.begin('readTxn', () => this.store.readTxn(request), (response) => {
      const head = response.header.revision;
      if (head < begunAt) throw new Error(`a read-only transaction begun at revision ${begunAt} answers from ${head}`);
      equal(txnView(response), model.asOf(head).txn(request), `read-only transaction ${show(request)}`);
    }, undefined);
  }

  beginHistory(from: number, bytesMax: number): void {
    const { model } = this;
    const last = model.revision;
    const begunCompacted = model.compacted;
    this.begin('history', () => this.store.history(from, bytesMax), (slice) => {
      if (slice === undefined) {
        if (from >= this.model.compacted) throw new Error(`history from ${from} is said to be compacted, which is at ${this.model.compacted}`);
        return;
      }
      if (slice.nextRevision > Math.max(from, last + 1) || slice.nextRevision <= from - 1) throw new Error(`history from ${from} to ${last} goes on at ${slice.nextRevision}`);
      const told = slice.revisions.map(({ revision, events }) => ({ revision, events: events.map(eventView) }));
      // A compaction after the last look takes prevKv from later answers only.
      const due = (compacted: number): unknown[] => model.history(from, slice.nextRevision - 1, compacted);
      const fits = this.compactions.some((compacted) => compacted >= begunCompacted && show(told) === show(due(compacted)));
      if (!fits) equal(told, due(begunCompacted), `history from ${from}`);
      if (told.length === 0 && slice.nextRevision <= last) throw new Error('a slice of history without any revision');
    }, undefined);
  }

  /** Lets waiting reads and turns go on a little. */
  async pump(): Promise<void> {
    for (const resume of this.turns.splice(0, 1 + this.random(3))) resume();
    this.backend.releaseReads(1 + this.random(2));
    await ticks();
    this.rethrow();
  }

  /** Finishes everything that runs. */
  async quiesce(): Promise<void> {
    while (this.running.length > 0) {
      const settled = Promise.all(this.running.splice(0));
      await this.settled(settled);
      this.rethrow();
    }
  }

  /** Ends the process: what the backend has not committed is lost, and applied again from the log. */
  async restart(): Promise<void> {
    await this.quiesce();
    this.backend = this.backend.reopen();
    await this.start();
    this.rethrow();
  }

  /** With nothing running and everything committed, store, backend and model hold the same versions. */
  async checkWhole(): Promise<void> {
    await this.quiesce();
    this.flush();
    while (this.batches.length > 0) await this.commit();
    this.checkPresent();
    const kept = this.model.kept();
    equal(
      this.backend.rows.map(({ main, sub, tombstone, data }) => ({ main, sub, tombstone, data: data.toString('hex') })),
      kept.map((version) => ({ main: version.main, sub: version.sub, tombstone: version.tombstone, data: encode(version).toString('hex') })),
      'rows in the backend',
    );
    equal(this.store.sizeBytes, kept.reduce((sum, version) => sum + encode(version).length + VERSION_OVERHEAD_BYTES, 0), 'size by rule');
    const revision = Math.max(this.model.compacted, 1);
    for (const at of [revision, this.model.revision]) {
      const { hash } = await this.settled(this.store.hashKv(at));
      equal(hash, this.model.hash(at), `hash at ${at}`);
    }
  }

  private async carryOut(command: Command): Promise<void> {
    const before = this.model.clone();
    const expected = applyToModel(this.model, command);
    this.compactions.push(this.model.compacted);
    const result = this.execute(command, before);
    if (result instanceof Promise) this.begin('txn', () => result as Promise<TxnResponse>, (response) => equal(txnView(response), expected, `transaction ${show(command)}`), undefined);
    else equal(resultView(result), expected, show(command));
    equal(this.store.currentRevision, this.model.revision, `revision after ${show(command)}`);
    const told = this.store.takeEvents();
    const due = this.model.revision === before.revision ? [] : this.model.history(this.model.revision, this.model.revision, this.model.compacted);
    equal(told === undefined ? [] : [{ revision: told.revision, events: told.events.map(eventView) }], due, `events of ${show(command)}`);
    if (this.random(4) === 0) this.checkPresent();
    await ticks();
    this.rethrow();
  }

  private execute(command: Command, before: MvccModel): unknown {
    switch (command.type) {
      case 'put': return this.store.put(command.request);
      case 'deleteRange': return this.finish(this.store.deleteRange(command.request), before);
      case 'deleteKeys': return this.finish(this.store.deleteKeys(command.keys), before);
      case 'txn': return this.finish(this.store.txn(command.request, true), before);
      case 'compact': return this.finish(this.store.compact(before.revision - command.behind), this.model);
    }
  }

  /** Runs a change; between two slices readers must see the state before it, whole. */
  private finish<T>(steps: Steps<T>, seen: MvccModel): T {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      const everything = { key: '\0', rangeEnd: '\0' };
      equal(this.store.currentRevision, seen.revision, 'revision between slices');
      const kvs = [...seen.live('\0', '\0', seen.revision)];
      for (const version of kvs) equal(rangeView(this.store.range({ key: version.key }) as RangeResponse), seen.range({ key: version.key }, seen.revision), `${version.key} between slices`);
      const response = this.store.range(everything);
      if (!(response instanceof Promise)) equal(rangeView(response), seen.range(everything, seen.revision), 'range between slices');
      else this.begin('range', () => response, (late) => equal(rangeView(late), seen.range(everything, late.header.revision), 'range begun between slices'), undefined);
    }
  }

  private checkPresent(): void {
    const { model, store } = this;
    const live = model.live('\0', '\0', model.revision);
    equal(store.keyCount, live.length, 'number of keys');
    const leased = live.filter((version) => version.lease !== 0n).map((version) => [version.key, version.lease]);
    equal([...this.leases].sort(([a], [b]) => (a < b ? -1 : 1)), leased, 'leases of keys');
  }

  private leaseChanged(key: ByteString, from: bigint, to: bigint): void {
    equal(this.leases.get(key) ?? 0n, from, `lease of ${key} before the change`);
    if (to === 0n) this.leases.delete(key);
    else this.leases.set(key, to);
  }

  /** @param asked a revision whose compaction in the meantime excuses the refusal */
  private begin<T>(what: string, start: () => T | Promise<T>, check: (result: T) => void, asked: number | undefined): void {
    const run = async (): Promise<void> => {
      const { model } = this;
      const begunCompacted = model.compacted;
      const begunAt = model.revision;
      try {
        check(await start());
        if (asked !== undefined && (asked > begunAt || asked < begunCompacted)) throw new Error(`${what} at ${asked} was not refused`);
      } catch (error) {
        if (error instanceof ApiError && error.code === 'future_revision' && asked !== undefined && asked > begunAt) return;
        if (error instanceof ApiError && error.code === 'compacted' && asked !== undefined && asked < this.model.compacted) return;
        this.failure ??= error as Error;
      }
    };
    this.running.push(run());
  }

  /** Keeps everything moving until a promise is settled. */
  private async settled<T>(promise: Promise<T>): Promise<T> {
    let open = true;
    const end = (): void => {
      open = false;
    };
    promise.then(end, end);
    for (let round = 0; open; round++) {
      if (round > 100_000) throw new Error('something waits for ever');
      for (const resume of this.turns.splice(0)) resume();
      this.backend.releaseReads();
      await ticks();
    }
    return promise;
  }

  private rethrow(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

async function ticks(): Promise<void> {
  for (let tick = 0; tick < 6; tick++) await Promise.resolve();
}

function applyToModel(model: MvccModel, command: Command): unknown {
  switch (command.type) {
    case 'put': return model.put(command.request);
    case 'deleteRange': return model.deleteRange(command.request.key, command.request.rangeEnd, command.request.prevKv ?? false);
    case 'deleteKeys': return model.deleteKeys(command.keys);
    case 'txn': return model.txn(command.request);
    case 'compact': return model.compact(model.revision - command.behind);
  }
}

export function kvView(kv: KeyValue): PlainKv {
  return { key: kv.key, create: kv.createRevision, mod: kv.modRevision, version: kv.version, value: kv.value.toString('latin1'), lease: kv.lease };
}

/** Also decodes the encoded bytes, which must say the same as the fields. */
function checkedView(kv: KeyValue): PlainKv {
  const view = kvView(kv);
  const bytes = encode({ key: view.key, main: view.mod, sub: 0, tombstone: false, create: view.create, version: view.version, value: view.value, lease: view.lease });
  if (Buffer.compare(bytes, kv.encoded) !== 0) throw new Error(`${view.key} is encoded as ${kv.encoded.toString('hex')}, not ${bytes.toString('hex')}`);
  return view;
}

function rangeView(response: RangeResponse): unknown {
  return { revision: response.header.revision, kvs: response.kvs.map(checkedView), more: response.more, count: response.count };
}

function txnView(response: TxnResponse): unknown {
  return { revision: response.header.revision, succeeded: response.succeeded, responses: response.responses.map(opView) };
}

function opView(op: ResponseOp): unknown {
  switch (op.type) {
    case 'range': return rangeView(op.response);
    case 'txn': return txnView(op.response);
    case 'put': return { revision: op.response.header.revision, prevKv: op.response.prevKv && checkedView(op.response.prevKv) };
    case 'deleteRange': return { revision: op.response.header.revision, deleted: op.response.deleted, prevKvs: op.response.prevKvs.map(checkedView) };
  }
}

function resultView(result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result;
  if ('responses' in result) return txnView(result as TxnResponse);
  if ('deleted' in result) return opView({ type: 'deleteRange', response: result } as ResponseOp);
  return opView({ type: 'put', response: result } as ResponseOp);
}

function eventView(event: WatchEvent): unknown {
  return { type: event.type, kv: checkedView(event.kv), prevKv: event.prevKv && checkedView(event.prevKv) };
}

function show(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

/** Cheaper than jest's matcher, of which thousands of cases would make millions of calls. */
function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [show(actual), show(expected)];
  if (a !== b) throw new Error(`${what}:\n  got      ${a}\n  expected ${b}`);
}
