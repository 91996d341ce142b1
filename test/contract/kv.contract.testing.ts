import { CompareResult, CompareTarget, type KvApi, MAX_TXN_OPS, type RequestOp, SortOrder, SortTarget } from '@quorate/api';
import { type ContractTarget, everything, names, pairs, rangeOf, type Scope, scopeOf } from './contract-scope.testing';
import { leaseContract } from './lease.contract.testing';
import { watchContract } from './watch.contract.testing';

/** Everything that `KvApi` promises, for any store behind it. */
export function kvContract(open: () => Promise<ContractTarget>): void {
  let target: ContractTarget | undefined;
  const kv = (): KvApi => {
    if (!target) throw new Error('the store did not open');
    return target.kv;
  };
  beforeAll(async () => { target = await open(); }, 60_000);
  afterAll(() => target?.close(), 60_000);

  describe('range', () => rangeContract(kv));
  describe('put', () => putContract(kv));
  describe('deleteRange', () => deleteContract(kv));
  describe('txn', () => txnContract(kv));
  describe('compact', () => compactContract(kv));
  describe('status', () => statusContract(kv));
  leaseContract(kv);
  watchContract(kv);
}

const refused = (code: string): unknown => expect.objectContaining({ name: 'ApiError', code });
const put = (key: string, value = 'v'): RequestOp => ({ type: 'put', request: { key, value: Buffer.from(value) } });
const get = (key: string, rangeEnd = ''): RequestOp => ({ type: 'range', request: { key, rangeEnd } });
const remove = (key: string, rangeEnd = ''): RequestOp => ({ type: 'deleteRange', request: { key, rangeEnd } });

function rangeContract(kv: () => KvApi): void {
  let scope: Scope;
  let first: number;
  beforeAll(async () => {
    scope = scopeOf(kv());
    first = await scope.put('a', '3');
    await scope.put('b', '1');
    await scope.put('c', '2');
    await scope.put('b', '9');
    await scope.put('d', '0');
  });

  it('answers one key with all that is known of it', async () => {
    const { header, kvs, more, count } = await kv().range({ key: scope.key('b') });
    expect(kvs).toEqual([expect.objectContaining({
      key: scope.key('b'), value: Buffer.from('9'), createRevision: first + 1, modRevision: first + 3, version: 2, lease: 0n,
    })]);
    expect({ more, count }).toEqual({ more: false, count: 1 });
    expect(header.revision).toBeGreaterThanOrEqual(first + 4);
    expect(header.clusterId).not.toBe(0n);
    expect(header.memberId).not.toBe(0n);
    expect(header.raftTerm).toBeGreaterThan(0);
  });

  it('answers an absent key with nothing', async () => {
    expect(await kv().range({ key: scope.key('x') })).toMatchObject({ kvs: [], more: false, count: 0 });
  });

  it('takes the end of a range as excluded, and an end before its start as empty', async () => {
    expect(names(scope, await kv().range({ key: scope.key('a'), rangeEnd: scope.key('c') }))).toEqual(['a', 'b']);
    expect(names(scope, await kv().range({ key: scope.key('c'), rangeEnd: scope.key('a') }))).toEqual([]);
    expect(names(scope, await kv().range({ key: scope.key('c'), rangeEnd: scope.key('c') }))).toEqual([]);
  });

  it('reads from a key on where the end is one zero byte', async () => {
    const { kvs } = await kv().range({ key: scope.key('c'), rangeEnd: '\0' });
    expect(kvs.slice(0, 2).map(({ key }) => key)).toEqual([scope.key('c'), scope.key('d')]);
    const whole = await kv().range({ key: '\0', rangeEnd: '\0', countOnly: true });
    expect(whole.count).toBeGreaterThanOrEqual(4);
  });

  it('stops at the limit, says that there is more and counts all', async () => {
    const response = await kv().range({ ...everything(scope), limit: 3 });
    expect(names(scope, response)).toEqual(['a', 'b', 'c']);
    expect(response).toMatchObject({ more: true, count: 4 });
    expect(await kv().range({ ...everything(scope), limit: 4 })).toMatchObject({ more: false, count: 4 });
  });

  it.each([
    ['key', SortTarget.KEY, 'abcd'], ['version', SortTarget.VERSION, 'acdb'], ['creation', SortTarget.CREATE, 'abcd'],
    ['modification', SortTarget.MOD, 'acbd'], ['value', SortTarget.VALUE, 'dcab'],
  ])('sorts by %s, both ways', async (_name, sortTarget, order) => {
    const ascending = await kv().range({ ...everything(scope), sortTarget, sortOrder: SortOrder.ASCEND });
    expect(names(scope, ascending).join('')).toBe(order);
    const unordered = await kv().range({ ...everything(scope), sortTarget, sortOrder: SortOrder.NONE });
    expect(names(scope, unordered).join('')).toBe(order);
    const descending = await kv().range({ ...everything(scope), sortTarget, sortOrder: SortOrder.DESCEND, limit: 1 });
    expect(descending).toMatchObject({ more: true, count: 4 });
    expect(names(scope, descending)[0]).toBe(sortTarget === SortTarget.VERSION ? 'b' : order.at(-1));
  });

  it('filters by revisions without changing the count', async () => {
    const filtered = await kv().range({ ...everything(scope), minModRevision: first + 2, maxModRevision: first + 3 });
    expect(names(scope, filtered)).toEqual(['b', 'c']);
    expect(filtered.count).toBe(4);
    expect(names(scope, await kv().range({ ...everything(scope), minCreateRevision: first + 2 }))).toEqual(['c', 'd']);
    expect(names(scope, await kv().range({ ...everything(scope), maxCreateRevision: first }))).toEqual(['a']);
    expect(names(scope, await kv().range({ ...everything(scope), minModRevision: first + 2, limit: 1 }))).toEqual(['b']);
  });

  it('leaves out values, or everything but the count, where asked to', async () => {
    const { kvs } = await kv().range({ ...everything(scope), keysOnly: true });
    expect(kvs.map(({ value }) => value.length)).toEqual([0, 0, 0, 0]);
    expect(kvs.map(({ version }) => version)).toEqual([1, 2, 1, 1]);
    expect(await kv().range({ ...everything(scope), countOnly: true, limit: 1 })).toMatchObject({ kvs: [], more: false, count: 4 });
  });

  it('reads the past, and refuses the future', async () => {
    const past = await kv().range({ ...everything(scope), revision: first + 2 });
    expect(pairs(scope, past)).toEqual([['a', '3'], ['b', '1'], ['c', '2']]);
    expect(past.header.revision).toBeGreaterThanOrEqual(first + 4);
    await expect(kv().range({ key: 'k', revision: past.header.revision + 1000 })).rejects.toEqual(refused('future_revision'));
    expect((await kv().range({ ...everything(scope), revision: -1 })).count).toBe(4);
  });

  it('reads its own writes, linearizable or from the member itself', async () => {
    const revision = await scope.put('e');
    expect((await kv().range({ key: scope.key('e') })).header.revision).toBeGreaterThanOrEqual(revision);
    const local = await kv().range({ key: scope.key('e'), serializable: true });
    expect(local.count).toBe(local.header.revision >= revision ? 1 : 0);
    await kv().deleteRange({ key: scope.key('e') });
  });

  it('refuses an empty key and orders that do not exist', async () => {
    await expect(kv().range({ key: '' })).rejects.toEqual(refused('key_empty'));
    // etcd before 3.6 may take any number for an order.
    if (/^3\.[0-5]\./.test((await kv().status()).version)) return;
    await expect(kv().range({ key: 'a', sortOrder: 3 })).rejects.toEqual(refused('sort_option_invalid'));
    await expect(kv().range({ key: 'a', sortTarget: 5 })).rejects.toEqual(refused('sort_option_invalid'));
  });
}

function putContract(kv: () => KvApi): void {
  it('gives every write a revision of its own, and counts the versions of a key', async () => {
    const scope = scopeOf(kv());
    const revision = await scope.put('k', '1');
    expect(await scope.put('k', '2')).toBe(revision + 1);
    expect((await scope.all()).kvs).toEqual([expect.objectContaining({ createRevision: revision, modRevision: revision + 1, version: 2 })]);
    await kv().deleteRange({ key: scope.key('k') });
    expect(await scope.put('k', '3')).toBe(revision + 3);
    expect((await scope.all()).kvs).toEqual([expect.objectContaining({ createRevision: revision + 3, modRevision: revision + 3, version: 1 })]);
  });

  it('carries any bytes in keys and values, and orders keys like bytes', async () => {
    const scope = scopeOf(kv());
    const every = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    for (const name of ['\xff', '\x00', 'a\x80', 'a']) await kv().put({ key: scope.key(name), value: every });
    await kv().put({ key: scope.key('b'), value: Buffer.alloc(0) });
    const { kvs } = await kv().range({ key: scope.key(''), rangeEnd: `${scope.key('').slice(0, -1)}0` });
    expect(kvs.map(({ key }) => key.slice(scope.key('').length))).toEqual(['\x00', 'a', 'a\x80', 'b', '\xff']);
    expect(kvs.map(({ value }) => value.length)).toEqual([256, 256, 256, 0, 256]);
    expect(kvs[0]?.value.equals(every)).toBe(true);
  });

  it('tells what was there before, where asked to', async () => {
    const scope = scopeOf(kv());
    const key = scope.key('k');
    expect((await kv().put({ key, value: Buffer.from('1'), prevKv: true })).prevKv).toBeUndefined();
    const { prevKv } = await kv().put({ key, value: Buffer.from('2'), prevKv: true });
    expect(prevKv).toMatchObject({ key, value: Buffer.from('1'), version: 1 });
    expect((await kv().put({ key, value: Buffer.from('3') })).prevKv).toBeUndefined();
  });

  it('keeps the value or the lease, where asked to and there is one', async () => {
    const scope = scopeOf(kv());
    const key = scope.key('k');
    const none = Buffer.alloc(0);
    const { id } = await kv().leaseGrant({ ttlSeconds: 600 });
    await expect(kv().put({ key, value: none, ignoreValue: true })).rejects.toEqual(refused('key_unknown'));
    await expect(kv().put({ key, value: none, ignoreLease: true })).rejects.toEqual(refused('key_unknown'));
    await scope.put('k', 'v', id);
    await kv().put({ key, value: Buffer.from('w'), ignoreLease: true });
    expect((await scope.all()).kvs).toEqual([expect.objectContaining({ value: Buffer.from('w'), lease: id, version: 2 })]);
    await kv().put({ key, value: none, ignoreValue: true });
    expect((await scope.all()).kvs).toEqual([expect.objectContaining({ value: Buffer.from('w'), lease: 0n, version: 3 })]);
    await expect(kv().put({ key, value: Buffer.from('x'), ignoreValue: true })).rejects.toEqual(refused('value_given'));
    await expect(kv().put({ key, value: none, lease: id, ignoreLease: true })).rejects.toEqual(refused('lease_given'));
    await kv().leaseRevoke(id);
  });

  it('refuses an empty key, an unknown lease, and what is too large, and writes nothing then', async () => {
    const scope = scopeOf(kv());
    const { revision } = (await scope.all()).header;
    await expect(kv().put({ key: '', value: Buffer.alloc(0) })).rejects.toEqual(refused('key_empty'));
    await expect(kv().put({ key: scope.key('k'), value: Buffer.alloc(0), lease: 12345n })).rejects.toEqual(refused('lease_unknown'));
    await expect(kv().put({ key: scope.key('k'), value: Buffer.alloc(1_600_000) })).rejects.toEqual(refused('request_too_large'));
    expect(await scope.all()).toMatchObject({ count: 0, header: { revision } });
  });
}

function deleteContract(kv: () => KvApi): void {
  it('deletes a range in one revision and tells how many and which', async () => {
    const scope = scopeOf(kv());
    for (const name of ['a', 'b', 'c']) await scope.put(name);
    const before = await scope.put('d');
    const response = await kv().deleteRange({ key: scope.key('a'), rangeEnd: scope.key('d'), prevKv: true });
    expect(response).toMatchObject({ deleted: 3, header: { revision: before + 1 } });
    expect(response.prevKvs.map(({ key }) => key)).toEqual(['a', 'b', 'c'].map(scope.key));
    expect(names(scope, await scope.all())).toEqual(['d']);
    const quiet = await kv().deleteRange({ key: scope.key('d') });
    expect(quiet).toMatchObject({ deleted: 1, prevKvs: [] });
    expect(names(scope, await kv().range({ ...everything(scope), revision: before }))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('changes nothing, not even the revision, where there is nothing', async () => {
    const scope = scopeOf(kv());
    const before = await scope.put('a');
    expect(await kv().deleteRange({ key: scope.key('x'), rangeEnd: scope.key('z'), prevKv: true })).toMatchObject({ deleted: 0, prevKvs: [], header: { revision: before } });
    expect(await kv().deleteRange({ key: scope.key('z'), rangeEnd: scope.key('a') })).toMatchObject({ deleted: 0, header: { revision: before } });
    expect(await scope.put('b')).toBe(before + 1);
    await expect(kv().deleteRange({ key: '' })).rejects.toEqual(refused('key_empty'));
  });
}

function txnContract(kv: () => KvApi): void {
  it.each([
    ['version', { target: CompareTarget.VERSION, version: 2 }, { target: CompareTarget.VERSION, version: 3 }],
    ['value', { target: CompareTarget.VALUE, value: Buffer.from('5') }, { target: CompareTarget.VALUE, value: Buffer.from('6') }],
    ['lease', { target: CompareTarget.LEASE, lease: 0n }, { target: CompareTarget.LEASE, lease: 1n }],
  ])('compares the %s', async (_name, same, larger) => {
    const scope = scopeOf(kv());
    await scope.put('k', '4');
    await scope.put('k', '5');
    const holds = async (result: number, than: typeof same | typeof larger): Promise<boolean> =>
      (await kv().txn({ compare: [{ key: scope.key('k'), result, ...than }], success: [], failure: [] })).succeeded;
    const { EQUAL, NOT_EQUAL, LESS, GREATER } = CompareResult;
    expect(await Promise.all([EQUAL, NOT_EQUAL, LESS, GREATER].map((result) => holds(result, same)))).toEqual([true, false, false, false]);
    expect(await Promise.all([EQUAL, NOT_EQUAL, LESS, GREATER].map((result) => holds(result, larger)))).toEqual([false, true, true, false]);
  });

  it('compares revisions, and takes an absent key as zeroes but without a value', async () => {
    const scope = scopeOf(kv());
    const revision = await scope.put('k');
    const holds = async (key: string, compare: object): Promise<boolean> =>
      (await kv().txn({ compare: [{ key: scope.key(key), result: CompareResult.EQUAL, target: 0, ...compare }], success: [], failure: [] })).succeeded;
    expect(await holds('k', { target: CompareTarget.CREATE, createRevision: revision })).toBe(true);
    expect(await holds('k', { target: CompareTarget.MOD, modRevision: revision })).toBe(true);
    expect(await holds('k', { target: CompareTarget.MOD, modRevision: revision + 1 })).toBe(false);
    expect(await holds('absent', { target: CompareTarget.VERSION, version: 0 })).toBe(true);
    expect(await holds('absent', { target: CompareTarget.CREATE })).toBe(true);
    expect(await holds('absent', { target: CompareTarget.MOD, modRevision: 0 })).toBe(true);
    expect(await holds('absent', { target: CompareTarget.VALUE, value: Buffer.alloc(0) })).toBe(false);
    expect(await holds('absent', { target: CompareTarget.VALUE, value: Buffer.from('x'), result: CompareResult.NOT_EQUAL })).toBe(false);
  });

  it('asks a condition on a range of every key in it', async () => {
    const scope = scopeOf(kv());
    for (const name of ['a', 'b', 'c']) await scope.put(name);
    const same = { ...everything(scope), result: CompareResult.EQUAL, target: CompareTarget.VERSION };
    expect((await kv().txn({ compare: [{ ...same, version: 1 }], success: [], failure: [] })).succeeded).toBe(true);
    await scope.put('b');
    expect((await kv().txn({ compare: [{ ...same, version: 1 }], success: [], failure: [] })).succeeded).toBe(false);
    const empty = { ...same, key: scope.key('x'), rangeEnd: scope.key('z'), version: 7 };
    expect((await kv().txn({ compare: [empty], success: [], failure: [] })).succeeded).toBe(false);
    expect((await kv().txn({ compare: [{ ...empty, version: 0 }], success: [], failure: [] })).succeeded).toBe(true);
  });

  it('does one branch only, where all conditions hold or not', async () => {
    const scope = scopeOf(kv());
    await scope.put('k');
    const exists = { key: scope.key('k'), result: CompareResult.EQUAL, target: CompareTarget.VERSION, version: 1 };
    const absent = { ...exists, version: 0 };
    const branches = { success: [put(scope.key('yes'))], failure: [put(scope.key('no'))] };
    expect((await kv().txn({ compare: [exists, exists], ...branches })).succeeded).toBe(true);
    expect(names(scope, await scope.all())).toEqual(['k', 'yes']);
    expect((await kv().txn({ compare: [exists, absent], ...branches })).succeeded).toBe(false);
    expect(names(scope, await scope.all())).toEqual(['k', 'no', 'yes']);
    expect((await kv().txn({ compare: [], ...branches })).succeeded).toBe(true);
  });

  it('does everything in one revision, and later operations see the earlier ones', async () => {
    const scope = scopeOf(kv());
    const before = await scope.put('a', 'old');
    const [a, b, c] = ['a', 'b', 'c'].map(scope.key) as [string, string, string];
    const response = await kv().txn({ compare: [], success: [get(a), put(a, 'new'), get(a), put(b), remove(c), get(a, c), remove(b, c)].slice(0, 6), failure: [] });
    expect(response.header.revision).toBe(before + 1);
    expect(response.responses.map(({ type }) => type)).toEqual(['range', 'put', 'range', 'put', 'deleteRange', 'range']);
    expect(pairs(scope, rangeOf(response, 0))).toEqual([['a', 'old']]);
    expect(pairs(scope, rangeOf(response, 2))).toEqual([['a', 'new']]);
    expect(pairs(scope, rangeOf(response, 5))).toEqual([['a', 'new'], ['b', 'v']]);
    expect((await scope.all()).kvs.map(({ modRevision }) => modRevision)).toEqual([before + 1, before + 1]);
    expect(response.responses[0]?.response.header).toMatchObject({ clusterId: 0n, memberId: 0n, raftTerm: 0 });
  });

  it('keeps the revision where it only reads or deletes nothing', async () => {
    const scope = scopeOf(kv());
    const before = await scope.put('a');
    expect((await kv().txn({ compare: [], success: [get(scope.key('a'))], failure: [] })).header.revision).toBe(before);
    expect((await kv().txn({ compare: [], success: [remove(scope.key('x'))], failure: [] })).header.revision).toBe(before);
    expect((await kv().txn({ compare: [], success: [], failure: [] })).header.revision).toBe(before);
  });

  it('runs transactions within transactions', async () => {
    const scope = scopeOf(kv());
    await scope.put('k', '1');
    const key = scope.key('k');
    const is = (value: string) => ({ key, result: CompareResult.EQUAL, target: CompareTarget.VALUE, value: Buffer.from(value) });
    const inner: RequestOp = { type: 'txn', request: { compare: [is('1')], success: [get(key)], failure: [put(key, 'wrong')] } };
    const response = await kv().txn({ compare: [is('1')], success: [inner, put(scope.key('o'), '2')], failure: [] });
    const nested = response.responses[0];
    expect(nested?.type === 'txn' && nested.response.succeeded).toBe(true);
    expect(nested?.type === 'txn' && pairs(scope, rangeOf(nested.response, 0))).toEqual([['k', '1']]);
    expect(pairs(scope, await scope.all())).toEqual([['k', '1'], ['o', '2']]);
    const branches: RequestOp = { type: 'txn', request: { compare: [is('1')], success: [put(key, 'then')], failure: [put(key, 'else')] } };
    expect((await kv().txn({ compare: [], success: [branches], failure: [] })).succeeded).toBe(true);
    expect(pairs(scope, await scope.all())[0]).toEqual(['k', 'then']);
  });

  it('refuses the whole where a part makes no sense, and does nothing then', async () => {
    const scope = scopeOf(kv());
    const revision = await scope.put('a');
    const a = scope.key('a');
    const failing = async (success: RequestOp[], code: string): Promise<void> => {
      await expect(kv().txn({ compare: [], success: [put(scope.key('z')), ...success], failure: [] })).rejects.toEqual(refused(code));
    };
    await failing([put(a), put(a)], 'txn_duplicate_key');
    await failing([put(a), remove(a)], 'txn_duplicate_key');
    await failing([remove(a, scope.key('b')), put(a)], 'txn_duplicate_key');
    await failing([{ type: 'txn', request: { compare: [], success: [put(a)], failure: [] } }, put(a)], 'txn_duplicate_key');
    await failing([put('')], 'key_empty');
    await failing([{ type: 'put', request: { key: a, value: Buffer.alloc(0), lease: 424242n } }], 'lease_unknown');
    await failing([{ type: 'range', request: { key: a, revision: revision + 1000 } }], 'future_revision');
    await failing([{ type: 'put', request: { key: scope.key('none'), value: Buffer.alloc(0), ignoreValue: true } }], 'key_unknown');
    await failing(Array.from({ length: MAX_TXN_OPS }, (_, at) => put(scope.key(`${at}`))), 'txn_too_many_ops');
    const compare = Array.from({ length: MAX_TXN_OPS + 1 }, () => ({ key: a, result: 0, target: 0, version: 1 }));
    await expect(kv().txn({ compare, success: [], failure: [] })).rejects.toEqual(refused('txn_too_many_ops'));
    await expect(kv().txn({ compare: [{ key: '', result: 0, target: 0 }], success: [], failure: [] })).rejects.toEqual(refused('key_empty'));
    expect(await scope.all()).toMatchObject({ count: 1, header: { revision } });
    expect((await kv().txn({ compare: [], success: [remove(a), remove(a, scope.key('b'))], failure: [] })).responses).toEqual([
      expect.objectContaining({ response: expect.objectContaining({ deleted: 1 }) as unknown }),
      expect.objectContaining({ response: expect.objectContaining({ deleted: 0 }) as unknown }),
    ]);
  });

  it('lets one of many that check and write the same key win', async () => {
    const scope = scopeOf(kv());
    const key = scope.key('k');
    const compare = [{ key, result: CompareResult.EQUAL, target: CompareTarget.CREATE, createRevision: 0 }];
    const responses = await Promise.all(Array.from({ length: 20 }, (_, at) => kv().txn({ compare, success: [put(key, `${at}`)], failure: [] })));
    expect(responses.filter(({ succeeded }) => succeeded)).toHaveLength(1);
    expect((await scope.all()).kvs).toEqual([expect.objectContaining({ version: 1 })]);
  });
}

function compactContract(kv: () => KvApi): void {
  it.each([['', false], [' and from the store', true]])('drops what is below the revision%s, and keeps what is in force at it', async (_name, physical) => {
    const scope = scopeOf(kv());
    const first = await scope.put('a', '1');
    await scope.put('a', '2');
    await scope.put('b', '1');
    const last = await scope.put('a', '3');
    expect((await kv().compact({ revision: first + 2, physical })).header.revision).toBe(last);
    await expect(kv().range({ ...everything(scope), revision: first + 1 })).rejects.toEqual(refused('compacted'));
    await expect(kv().txn({ compare: [], success: [{ type: 'range', request: { key: 'k', revision: first } }], failure: [] })).rejects.toEqual(refused('compacted'));
    expect(pairs(scope, await kv().range({ ...everything(scope), revision: first + 2 }))).toEqual([['a', '2'], ['b', '1']]);
    expect(pairs(scope, await scope.all())).toEqual([['a', '3'], ['b', '1']]);
    await expect(kv().compact({ revision: first + 2 })).rejects.toEqual(refused('compacted'));
    await expect(kv().compact({ revision: first })).rejects.toEqual(refused('compacted'));
    await expect(kv().compact({ revision: last + 1000 })).rejects.toEqual(refused('future_revision'));
  });
}

function statusContract(kv: () => KvApi): void {
  it('tells version, leader, log position and size', async () => {
    const revision = await scopeOf(kv()).put('k');
    const status = await kv().status();
    expect(status.version).toMatch(/^3\.[0-9]+\.[0-9]+/);
    expect(status.header.revision).toBeGreaterThanOrEqual(revision);
    expect(status.leader).toBe(status.header.memberId);
    expect(status.raftIndex).toBeGreaterThan(0);
    expect(status.raftAppliedIndex).toBeLessThanOrEqual(status.raftIndex);
    expect(status.raftTerm).toBe(status.header.raftTerm);
    expect(status.dbSizeBytes).toBeGreaterThan(0);
    expect(status.dbSizeInUseBytes).toBeLessThanOrEqual(status.dbSizeBytes);
    expect(status).toMatchObject({ isLearner: false, errors: [] });
  });

  it('gives up a call whose caller has gone', async () => {
    const gone = new AbortController();
    gone.abort();
    await expect(kv().put({ key: scopeOf(kv()).key('k'), value: Buffer.alloc(0) }, { signal: gone.signal })).rejects.toEqual(refused('cancelled'));
  });

  it('serves those who insist on a leader', async () => {
    const scope = scopeOf(kv());
    await kv().put({ key: scope.key('k'), value: Buffer.alloc(0) }, { requireLeader: true });
    expect((await kv().range({ key: scope.key('k') }, { requireLeader: true })).count).toBe(1);
  });
}
