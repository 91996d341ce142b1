import { ApiError, type PutRequest, type RangeRequest, type RangeResponse, type TxnRequest, type TxnResponse } from '@quorate/api';
import { SimBackend } from '@quorate/sim';
import { runSteps } from './steps';
import { MvccStore } from './store';
import type { SavedStore, StoreOptions } from './store-options';

const header = (revision: number): { clusterId: bigint; memberId: bigint; raftTerm: number; revision: number } => ({ clusterId: 1n, memberId: 2n, raftTerm: 3, revision });
const bytes = (text: string): Buffer => Buffer.from(text);
const everything = { key: '\0', rangeEnd: '\0' };

class Fixture {
  backend = new SimBackend();
  readonly leaseChanges: [string, bigint, bigint][] = [];
  store = new MvccStore(this.options);
  private applied = 0;

  get options(): StoreOptions {
    return { header, backend: this.backend, leases: { exists: (id) => id < 100n }, onLeaseChange: (key, from, to) => void this.leaseChanges.push([key, from, to]), sliceKeys: 2 };
  }

  put(key: string, value = 'v', more: Partial<PutRequest> = {}): number {
    const response = this.store.put({ key, value: bytes(value), ...more });
    if (typeof response === 'string') throw new ApiError(response);
    return response.header.revision;
  }

  remove(key: string, rangeEnd?: string): number {
    return runSteps(this.store.deleteRange({ key, rangeEnd })).deleted;
  }

  get(request: RangeRequest): RangeResponse {
    const response = this.store.range(request);
    if (response instanceof Promise) throw new Error('the range is not answered at once');
    return response;
  }

  keys(request: RangeRequest): string[] {
    return this.get(request).kvs.map((kv) => kv.key);
  }

  txn(request: Partial<TxnRequest>, wanted = true): TxnResponse | Promise<TxnResponse> | string {
    return runSteps(this.store.txn({ compare: [], success: [], failure: [], ...request }, wanted));
  }

  compact(revision: number): string | undefined {
    return runSteps(this.store.compact(revision));
  }

  async flush(): Promise<void> {
    const { revisions, compacted } = this.store.takeChanges();
    const upTo = this.store.currentRevision;
    await this.backend.commit({ appliedIndex: ++this.applied, appliedTerm: 1, revisions, compacted, state: [] });
    this.store.changesStored(upTo);
  }

  async restart(saved: SavedStore): Promise<void> {
    this.backend = this.backend.reopen();
    this.leaseChanges.length = 0;
    this.store = await MvccStore.restore(this.options, saved);
  }
}

let at: Fixture;
beforeEach(() => {
  at = new Fixture();
});

describe('revisions', () => {
  test('an empty store is at revision 1; the first change makes revision 2', () => {
    expect(at.store.currentRevision).toBe(1);
    expect(at.put('a')).toBe(2);
    expect(at.store.currentRevision).toBe(2);
  });

  test('deleting nothing makes no revision and no event', () => {
    at.put('a');
    at.store.takeEvents();
    expect(at.remove('b')).toBe(0);
    expect(at.txn({ success: [{ type: 'deleteRange', request: { key: 'x', rangeEnd: 'z' } }] })).toMatchObject({ header: { revision: 2 } });
    expect(at.store.currentRevision).toBe(2);
    expect(at.store.takeEvents()).toBeUndefined();
  });

  test('a key that comes back starts a new generation', () => {
    at.put('a');
    at.put('a');
    at.remove('a');
    at.put('a');
    expect(at.get({ key: 'a' }).kvs[0]).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 });
    expect(at.get({ key: 'a', revision: 3 }).kvs[0]).toMatchObject({ createRevision: 2, modRevision: 3, version: 2 });
    expect(at.get({ key: 'a', revision: 4 })).toMatchObject({ kvs: [], count: 0, header: { revision: 5 } });
  });

  test('all writes of a transaction share a revision, in order', () => {
    at.put('c');
    at.store.takeEvents();
    void at.txn({ success: [{ type: 'put', request: { key: 'b', value: bytes('1') } }, { type: 'deleteRange', request: { key: 'c' } }, { type: 'put', request: { key: 'a', value: bytes('2') } }] });
    const told = at.store.takeEvents();
    expect(told?.revision).toBe(3);
    expect(told?.events.map((event) => [event.type, event.kv.key, event.kv.modRevision, event.prevKv?.modRevision])).toEqual([[0, 'b', 3, undefined], [1, 'c', 3, 2], [0, 'a', 3, undefined]]);
    expect(at.store.takeEvents()).toBeUndefined();
  });
});

describe('ranges', () => {
  beforeEach(() => {
    for (const key of ['a', 'a', 'b', 'b', 'b', 'c']) at.put(key, `v${key}`);
  });

  test('an end of one zero byte means from the key on; an end not above the key means nothing', () => {
    expect(at.keys({ key: 'b', rangeEnd: '\0' })).toEqual(['b', 'c']);
    expect(at.get({ key: 'b', rangeEnd: 'b' })).toMatchObject({ kvs: [], count: 0, more: false });
    expect(at.get({ key: 'c', rangeEnd: 'a' }).count).toBe(0);
  });

  test('the count is that of the range, whatever limit and filters leave; counting alone ignores both', () => {
    expect(at.get({ ...everything, limit: 2 })).toMatchObject({ count: 3, more: true });
    expect(at.get({ ...everything, minModRevision: 7, limit: 2 })).toMatchObject({ count: 3, more: false, kvs: [{ key: 'c' }] });
    expect(at.get({ ...everything, countOnly: true, limit: 1, minModRevision: 7 })).toEqual({ header: header(7), kvs: [], count: 3, more: false });
    expect(at.get({ ...everything, limit: -1 })).toMatchObject({ count: 3, more: false });
  });

  test('a sort target without an order sorts upwards, but only the first limit + 1 keys, as etcd does', () => {
    expect(at.keys({ ...everything, sortTarget: 1 })).toEqual(['c', 'a', 'b']);
    expect(at.keys({ ...everything, sortTarget: 1, limit: 1 })).toEqual(['a']);
    expect(at.keys({ ...everything, sortTarget: 1, sortOrder: 1, limit: 1 })).toEqual(['c']);
    expect(at.keys({ ...everything, sortTarget: 4, sortOrder: 2 })).toEqual(['c', 'b', 'a']);
  });

  test('keys only leaves everything but the values, and sorts by them before', () => {
    const { kvs } = at.get({ ...everything, keysOnly: true, sortTarget: 4, sortOrder: 2 });
    expect(kvs.map((kv) => [kv.key, kv.value.length, kv.version])).toEqual([['c', 0, 1], ['b', 0, 3], ['a', 0, 2]]);
    expect(at.get({ key: 'a', keysOnly: true }).kvs[0].encoded.includes('va')).toBe(false);
  });

  test('revisions above the current one and below the compacted one are refused; the compacted one itself is not', () => {
    expect(() => at.store.range({ key: 'a', revision: 8 })).toThrow(new ApiError('future_revision'));
    expect(at.compact(5)).toBeUndefined();
    expect(() => at.store.range({ key: 'a', revision: 4 })).toThrow(new ApiError('compacted'));
    expect(at.get({ key: 'b', revision: 5 }).kvs[0].version).toBe(2);
    expect(at.get({ key: 'b', revision: -5 }).kvs[0].version).toBe(3);
  });

  test('a transaction takes a negative revision for one below every compaction', () => {
    const read = (revision: number): Partial<TxnRequest> => ({ success: [{ type: 'range', request: { key: 'a', revision } }] });
    expect(at.txn(read(-2))).toBe('compacted');
    expect(at.txn(read(-1))).toMatchObject({ succeeded: true });
    at.compact(3);
    expect(at.txn(read(-1))).toBe('compacted');
  });
});

describe('ranges over many keys', () => {
  const keys = Array.from({ length: 14 }, (_, number) => `k${String(number).padStart(2, '0')}`);
  beforeEach(() => {
    for (const key of keys) at.put(key, 'old');
  });

  test('are read in slices at the revision at which they began', async () => {
    const response = at.store.range(everything);
    expect(response).toBeInstanceOf(Promise);
    at.remove('k00', 'k05');
    for (const key of keys) at.put(key, 'new');
    await at.flush();
    const { kvs, header: told } = await response;
    expect(told.revision).toBe(15);
    expect(kvs.map((kv) => `${kv.key} ${kv.value.toString()}`)).toEqual(keys.map((key) => `${key} old`));
  });

  test('begin again at the present when a compaction overtakes them, unless the revision was asked for', async () => {
    const present = at.store.range(everything);
    const past = at.store.range({ ...everything, revision: 15 });
    at.put('k00', 'new');
    at.compact(16);
    const { kvs, header: told } = await present;
    expect([told.revision, kvs.length, kvs[0].value.toString()]).toEqual([16, 14, 'new']);
    await expect(past).rejects.toThrow(new ApiError('compacted'));
  });
});

describe('puts', () => {
  test('keep the value or the lease of the key they replace, which must exist', () => {
    at.put('a', 'one', { lease: 7n });
    at.put('a', '', { ignoreValue: true });
    expect(at.get({ key: 'a' }).kvs[0]).toMatchObject({ value: bytes('one'), lease: 0n, version: 2 });
    at.put('a', 'two', { lease: 7n });
    at.put('a', 'three', { ignoreLease: true });
    expect(at.get({ key: 'a' }).kvs[0]).toMatchObject({ value: bytes('three'), lease: 7n });
    at.remove('a');
    expect(at.store.put({ key: 'a', value: bytes(''), ignoreValue: true })).toBe('key_unknown');
    expect(at.store.put({ key: 'a', value: bytes(''), ignoreLease: true })).toBe('key_unknown');
  });

  test('a lease must exist, which is looked at before the key', () => {
    expect(at.store.put({ key: 'a', value: bytes(''), lease: 100n, ignoreValue: true })).toBe('lease_unknown');
    expect(at.store.currentRevision).toBe(1);
  });

  test('every change of a lease is told once: attach, move, detach, delete', () => {
    at.put('a', 'v', { lease: 1n });
    at.put('a', 'v', { lease: 1n });
    at.put('a', 'v', { lease: 2n });
    at.put('a');
    at.put('a', 'v', { lease: -3n });
    at.remove('a');
    expect(at.leaseChanges).toEqual([['a', 0n, 1n], ['a', 1n, 2n], ['a', 2n, 0n], ['a', 0n, -3n], ['a', -3n, 0n]]);
  });

  test('what was handed in may be overwritten afterwards', () => {
    const value = bytes('first');
    at.store.put({ key: 'a', value });
    value.fill('x');
    expect(at.get({ key: 'a' }).kvs[0].value.toString()).toBe('first');
    expect(at.store.takeEvents()?.events[0].kv.value.toString()).toBe('first');
    expect(at.store.takeChanges().revisions[0].data.includes('first')).toBe(true);
  });

  test('the version before comes only when it is asked for', () => {
    at.put('a', 'one');
    expect(at.store.put({ key: 'a', value: bytes('two') })).toEqual({ header: header(3) });
    expect(at.store.put({ key: 'a', value: bytes('three'), prevKv: true })).toMatchObject({ prevKv: { modRevision: 3, value: bytes('two') } });
  });
});

describe('transactions', () => {
  const put = (key: string, more: Partial<PutRequest> = {}): { type: 'put'; request: PutRequest } => ({ type: 'put', request: { key, value: bytes('n'), ...more } });

  test('a missing key compares as zero, but its value never compares', () => {
    for (const target of [0, 1, 2, 4]) expect(at.txn({ compare: [{ key: 'a', target, result: 0 }] })).toMatchObject({ succeeded: true });
    for (const result of [0, 1, 2, 3]) expect(at.txn({ compare: [{ key: 'a', target: 3, result, value: bytes('') }] })).toMatchObject({ succeeded: false });
  });

  test('a condition on a range must hold for every key of it', () => {
    at.put('a', 'x');
    at.put('b', 'y');
    expect(at.txn({ compare: [{ key: 'a', rangeEnd: 'c', target: 0, result: 0, version: 1 }] })).toMatchObject({ succeeded: true });
    expect(at.txn({ compare: [{ key: 'a', rangeEnd: 'c', target: 3, result: 0, value: bytes('x') }] })).toMatchObject({ succeeded: false });
  });

  test('headers inside tell the revision that the operation saw; nested ones tell none', () => {
    at.put('x');
    const response = at.txn({ success: [
      { type: 'range', request: { key: 'x' } }, { type: 'deleteRange', request: { key: 'none' } }, put('y'),
      { type: 'txn', request: { compare: [], success: [{ type: 'range', request: { key: 'y' } }], failure: [] } }, { type: 'deleteRange', request: { key: 'none' } },
    ] }) as TxnResponse;
    expect(response.responses.map((op) => op.response.header.revision)).toEqual([2, 2, 3, 0, 3]);
    expect(response.responses[0].response.header).toEqual({ clusterId: 0n, memberId: 0n, raftTerm: 0, revision: 2 });
    expect(response.header).toEqual(header(3));
  });

  test('conditions of nested transactions are evaluated before the first operation', () => {
    const nested: TxnRequest = { compare: [{ key: 'a', target: 0, result: 0, version: 0 }], success: [put('was-missing')], failure: [put('was-there')] };
    void at.txn({ success: [put('a'), { type: 'txn', request: nested }] });
    expect(at.keys(everything)).toEqual(['a', 'was-missing']);
  });

  test('nothing is written when any operation is refused, however late it comes; puts are looked at before ranges', () => {
    expect(at.txn({ success: [put('a'), put('b', { lease: 100n })] })).toBe('lease_unknown');
    expect(at.txn({ success: [put('a'), { type: 'range', request: { key: 'a', revision: 2 } }] })).toBe('future_revision');
    expect(at.txn({ success: [{ type: 'range', request: { key: 'a', revision: 9 } }, put('b', { ignoreValue: true })] })).toBe('key_unknown');
    expect(at.get(everything)).toMatchObject({ count: 0, header: { revision: 1 } });
  });

  test('a put cannot keep the value or lease of a key that the transaction has deleted before; after the put it can', () => {
    at.put('a');
    at.put('b', 'old', { lease: 7n });
    const deletion = { type: 'deleteRange', request: { key: 'a', rangeEnd: '\0' } } as const;
    for (const kept of [put('b', { ignoreValue: true, value: bytes('') }), put('b', { ignoreLease: true })]) {
      const nested: TxnRequest = { compare: [], success: [kept], failure: [] };
      expect(at.txn({ success: [deletion, kept] })).toBe('key_unknown');
      expect(at.txn({ success: [deletion, { type: 'txn', request: nested }] })).toBe('key_unknown');
    }
    expect(at.get(everything)).toMatchObject({ count: 2, header: { revision: 3 } });
    expect(at.txn({ success: [put('b', { ignoreLease: true }), { ...deletion, request: { key: 'b', rangeEnd: '\0' } }] })).toMatchObject({ succeeded: true });
    expect(at.txn({ success: [deletion, put('b')] })).toMatchObject({ succeeded: true });
    expect(at.keys(everything)).toEqual(['b']);
  });

  test('deletions may overlap: the second finds nothing', () => {
    at.put('a');
    const response = at.txn({ success: [{ type: 'deleteRange', request: { key: 'a' } }, { type: 'deleteRange', request: everything }] }) as TxnResponse;
    expect(response.responses.map((op) => op.type === 'deleteRange' && op.response.deleted)).toEqual([1, 0]);
  });

  test('a read of a revision that is compacted fails alike on members that have its rows and on those that have not', async () => {
    for (let version = 0; version < 4; version++) at.put('a');
    at.compact(4);
    const read: Partial<TxnRequest> = { success: [put('b'), { type: 'range', request: { key: 'a', revision: 3 } }] };
    expect(at.txn(read)).toBe('compacted');
    await at.flush();
    expect(at.txn(read)).toBe('compacted');
    expect(at.txn(read, false)).toBe('compacted');
    expect(at.store.currentRevision).toBe(5);
  });

  test('history inside a transaction is filled in afterwards, where it is wanted, also after a compaction', async () => {
    at.put('a', 'one');
    at.put('a', 'two');
    await at.flush();
    const read: Partial<TxnRequest> = { success: [put('b'), { type: 'range', request: { key: 'a', revision: 2 } }] };
    const response = at.txn(read);
    expect(response).toBeInstanceOf(Promise);
    expect(at.store.currentRevision).toBe(4);
    at.compact(4);
    await at.flush();
    expect(((await response) as TxnResponse).responses[1]).toMatchObject({ response: { header: { revision: 4 }, kvs: [{ value: bytes('one') }], count: 1 } });
    expect(at.txn({ success: [{ type: 'range', request: { key: 'a', revision: 4 } }] }, false)).toMatchObject({ responses: [{ response: { kvs: [] } }] });
  });
});

describe('long changes', () => {
  beforeEach(() => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) at.put(key, 'old', { lease: 5n });
  });

  test('are seen whole or not at all, by readers, watchers and the backend', async () => {
    await at.flush();
    at.store.takeEvents();
    const steps = at.store.deleteRange(everything);
    let slices = 0;
    for (; !steps.next().done; slices++) {
      expect(at.get(everything)).toMatchObject({ count: 5, header: { revision: 6 } });
      expect(at.get({ key: 'a' }).kvs[0].value.toString()).toBe('old');
      expect(at.store.readTxn({ compare: [{ key: 'a', target: 3, result: 0, value: bytes('old') }], success: [{ type: 'range', request: everything }], failure: [] })).toMatchObject({ succeeded: true, responses: [{ response: { count: 5 } }] });
      expect(at.store.takeChanges().revisions).toEqual([]);
      expect(at.store.takeEvents()).toBeUndefined();
      expect(at.store.keyCount).toBe(5);
      expect(await at.store.history(7, 1000)).toEqual({ revisions: [], nextRevision: 7 });
    }
    expect(slices).toBeGreaterThan(2);
    expect(at.get(everything)).toMatchObject({ count: 0, header: { revision: 7 } });
    expect(at.store.takeEvents()?.events).toHaveLength(5);
    expect(at.store.takeChanges().revisions).toHaveLength(5);
  });

  test('the keys of a lease go in their order, in one revision', () => {
    expect(runSteps(at.store.deleteKeys(['d', 'gone', 'b', 'a']))).toBe(3);
    expect(at.store.takeEvents()?.events.map((event) => event.kv.key)).toEqual(['a', 'b', 'd']);
    expect(at.store.currentRevision).toBe(7);
  });

  test('refuse another change before they are finished', () => {
    at.store.deleteRange(everything).next();
    expect(() => at.put('x')).toThrow('before the one before it was finished');
  });
});

describe('compaction', () => {
  test('revisions at or below the compacted one and above the current one are refused; 0 is allowed once', () => {
    at.put('a');
    expect(at.compact(-1)).toBe('compacted');
    expect(at.compact(0)).toBeUndefined();
    expect(at.compact(0)).toBe('compacted');
    expect(at.compact(3)).toBe('future_revision');
    expect(at.compact(2)).toBeUndefined();
    expect(at.compact(2)).toBe('compacted');
  });

  test('the newest version of a key that exists stays; superseded ones and old tombstones go, and are counted no more', async () => {
    for (const key of ['a', 'a', 'b', 'c']) at.put(key);
    at.remove('b');
    const before = at.store.sizeBytes;
    at.compact(6);
    await at.flush();
    expect(at.backend.rows.map((row) => row.main)).toEqual([3, 5, 6]);
    at.put('c');
    at.compact(7);
    await at.flush();
    expect(at.backend.rows.map((row) => row.main)).toEqual([3, 7]);
    expect(at.store.sizeBytes).toBeLessThan(before);
    expect(at.store.sizeBytes).toBe(at.store.liveBytes);
  });

  test.each([['in memory', false], ['after a restart', true]])('a delete at the compacted revision still reaches watchers that start there, %s', async (_where, restart) => {
    at.put('a');
    at.remove('a');
    at.compact(3);
    await at.flush();
    if (restart) await at.restart({ currentRevision: 3, compactedRevision: 3 });
    expect((await at.store.history(3, 1000))?.revisions).toMatchObject([{ revision: 3, events: [{ type: 1, kv: { key: 'a', modRevision: 3 } }] }]);
    expect(await at.store.history(2, 1000)).toBeUndefined();
  });

  test('the current revision does not go back after a restart, whatever rows are left', async () => {
    at.put('a');
    at.remove('a');
    at.compact(3);
    await at.flush();
    await at.backend.commit({ appliedIndex: 9, appliedTerm: 1, revisions: [], compacted: [{ main: 3, sub: 0 }], state: [] });
    await at.restart({ currentRevision: 3, compactedRevision: 3 });
    expect(at.put('b')).toBe(4);
  });

  test('one that was interrupted is finished when the store starts', async () => {
    for (let version = 0; version < 3; version++) at.put('a');
    at.put('b');
    at.remove('b');
    await at.flush();
    await at.restart({ currentRevision: 6, compactedRevision: 3, scheduledCompactRevision: 5 });
    expect(at.store.compactedRevision).toBe(5);
    await at.flush();
    expect(at.backend.rows.map((row) => row.main)).toEqual([4, 5, 6]);
    at.put('c');
    at.compact(7);
    await at.flush();
    expect(at.backend.rows.map((row) => row.main)).toEqual([4, 7]);
  });

  test('one that was stored by halves never brings back what a tombstone hid', async () => {
    for (const key of ['a', 'b', 'c']) at.put(key);
    at.remove('a', 'd');
    at.put('d');
    await at.flush();
    const steps = at.store.compact(6);
    for (let done = false; !done;) {
      done = steps.next().done === true;
      await at.flush();
      const restarted = await MvccStore.restore({ ...at.options, backend: at.backend, onLeaseChange: () => undefined }, { currentRevision: 6, compactedRevision: 6 });
      expect((restarted.range(everything) as RangeResponse).kvs.map((kv) => kv.key)).toEqual(['d']);
      expect(restarted.sizeBytes).toBe(restarted.liveBytes);
    }
    expect(at.backend.rows).toHaveLength(1);
  });

  test('versions that were never stored may be dropped', async () => {
    at.put('a');
    at.put('a');
    at.compact(3);
    expect(at.store.takeChanges()).toMatchObject({ revisions: [{ main: 2 }, { main: 3 }], compacted: [{ main: 2, sub: 0 }] });
  });
});

describe('history', () => {
  test('comes in whole revisions, at least one, however few bytes are asked for', async () => {
    void at.txn({ success: ['a', 'b', 'c'].map((key) => ({ type: 'put', request: { key, value: bytes('v') } })) });
    at.put('d');
    await at.flush();
    at.put('a', 'w');
    const first = await at.store.history(1, 1);
    expect(first).toMatchObject({ nextRevision: 3, revisions: [{ revision: 2, events: [{}, {}, {}] }] });
    const rest = await at.store.history(3, 10_000);
    expect(rest).toMatchObject({ nextRevision: 5, revisions: [{ revision: 3 }, { revision: 4, events: [{ prevKv: { modRevision: 2 } }] }] });
    expect(await at.store.history(9, 1000)).toEqual({ revisions: [], nextRevision: 9 });
  });

  test('leaves out what is not wanted, and the versions before where they are not', async () => {
    for (const key of ['a', 'b', 'a', 'b']) at.put(key);
    const slice = await at.store.history(1, 10_000, { prevKv: false, wanted: (key) => key === 'b' });
    expect(slice?.revisions.map(({ revision, events }) => [revision, events[0].prevKv])).toEqual([[3, undefined], [5, undefined]]);
    expect(slice?.nextRevision).toBe(6);
  });

  test('a compaction while it is read makes it compacted', async () => {
    for (let version = 0; version < 5; version++) at.put('a');
    await at.flush();
    at.backend.holdReads();
    const slice = at.store.history(2, 10_000);
    at.compact(4);
    at.backend.resumeReads();
    expect(await slice).toBeUndefined();
  });
});

describe('the hash', () => {
  test('is equal on members that lag differently or were restarted, and tells data apart', async () => {
    const other = new Fixture();
    for (const member of [at, other]) {
      for (const key of ['a', 'b', 'a', 'c']) member.put(key);
      member.remove('c');
      member.compact(4);
      if (member === other) await member.flush();
    }
    const hash = await at.store.hashKv(0);
    expect(hash).toMatchObject({ compactRevision: 4, hashRevision: 6 });
    expect(await other.store.hashKv(6)).toEqual(hash);
    await other.restart({ currentRevision: 6, compactedRevision: 4 });
    expect(await other.store.hashKv(0)).toEqual(hash);
    expect((await other.store.hashKv(5)).hash).not.toBe(hash.hash);
    await expect(at.store.hashKv(3)).rejects.toThrow(new ApiError('compacted'));
    await expect(at.store.hashKv(7)).rejects.toThrow(new ApiError('future_revision'));
  });

  test('does not know whether the tombstone at the compacted revision was dropped', async () => {
    for (const key of ['a', 'b']) at.put(key);
    at.remove('a');
    at.compact(4);
    await at.flush();
    const { hash } = await at.store.hashKv(0);
    await at.backend.commit({ appliedIndex: 9, appliedTerm: 1, revisions: [], compacted: [{ main: 4, sub: 0 }], state: [] });
    await at.restart({ currentRevision: 4, compactedRevision: 4 });
    expect((await at.store.hashKv(0)).hash).toBe(hash);
  });

  test('format 1 stays what it is', async () => {
    at.put('a', 'one', { lease: 7n });
    at.put('b', 'two');
    at.remove('a');
    expect((await at.store.hashKv(0)).hash).toBe(3324895176);
  });
});

test('a restart brings back values, versions, leases and the count of keys', async () => {
  at.put('a', 'one', { lease: 7n });
  at.put('a', 'two', { lease: -7n });
  at.put('b', 'three', { lease: 7n });
  at.put('c');
  at.remove('c');
  await at.flush();
  const { sizeBytes, liveBytes } = at.store;
  await at.restart({ currentRevision: 6, compactedRevision: -1 });
  expect(at.store).toMatchObject({ currentRevision: 6, compactedRevision: -1, keyCount: 2, sizeBytes, liveBytes, unstoredCount: 0 });
  expect(at.leaseChanges).toEqual([['a', 0n, -7n], ['b', 0n, 7n]]);
  expect(at.get({ key: 'a' }).kvs[0]).toMatchObject({ value: bytes('two'), version: 2, createRevision: 2 });
  expect((await at.store.range({ key: 'a', revision: 2 })).kvs[0]).toMatchObject({ value: bytes('one'), lease: 7n });
  expect(at.get({ key: 'c' }).count).toBe(0);
});

test('the backend cannot report what it was not given', () => {
  at.put('a');
  expect(() => at.store.changesStored(2)).toThrow('was not given');
  at.store.takeChanges();
  expect(() => at.store.changesStored(3)).toThrow('not published');
});
