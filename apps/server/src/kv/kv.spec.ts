import type { KvItem, List } from '@quorate/api';
import { RestServer } from '../rest/rest-server.testing';

interface Txn { readonly succeeded: boolean; readonly results: readonly Record<string, unknown>[]; readonly revision: string }

describe('raw keys and transactions over REST', () => {
  let server: RestServer;
  beforeAll(async () => { server = await RestServer.start(); });
  afterAll(() => server.stop());

  const put = (query: string, value: string, rest: object = {}): ReturnType<typeof server.call<KvItem>> =>
    server.call<KvItem>('PUT', `/api/v1/kv?${query}`, 'KvItem', { body: { value, ...rest } });
  const get = (query: string): ReturnType<typeof server.call<KvItem>> => server.call<KvItem>('GET', `/api/v1/kv?${query}`, 'KvItem');
  const list = (query: string): ReturnType<typeof server.call<List<KvItem>>> => server.call<List<KvItem>>('GET', `/api/v1/kv?${query}`, 'KvList');
  const txn = (body: object): ReturnType<typeof server.call<Txn>> => server.call<Txn>('POST', '/api/v1/txn', 'TxnResult', { body });

  it('sets, reads and deletes text', async () => {
    const first = await put('key=a%2Fb', 'grün');
    expect(first.body).toMatchObject({ key: 'a/b', value: 'grün', encoding: 'utf8', version: 1, createRevision: String(first.revision), modRevision: String(first.revision) });
    const second = await put('key=a%2Fb', 'blau');
    expect(second.body).toMatchObject({ version: 2, createRevision: first.body.createRevision });
    expect((await get('key=a%2Fb')).body).toEqual(second.body);
    const deleted = await server.call('DELETE', '/api/v1/kv?key=a%2Fb', 'KvDeleted');
    expect(deleted.body).toEqual({ deleted: 1, revision: String(deleted.revision) });
    expect(await server.refusal('GET', '/api/v1/kv?key=a%2Fb')).toEqual([404, 'key_unknown', undefined]);
  });

  it('tells bytes that are no text as base64, in values and in keys', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    await server.kv.put({ key: '\xfe\x01', value: bytes });
    const base64 = bytes.toString('base64');
    const key = Buffer.from([0xfe, 0x01]).toString('base64');
    expect((await get(`key=${encodeURIComponent(key)}&keyEncoding=base64`)).body).toMatchObject({ key, keyEncoding: 'base64', value: base64, encoding: 'base64' });
    await put('key=bytes', base64, { encoding: 'base64' });
    const stored = await server.kv.range({ key: 'bytes' });
    expect(stored.kvs[0]?.value).toEqual(bytes);
    await put('key=text', 'plain');
    expect((await get('key=text&encoding=base64')).body).toMatchObject({ value: Buffer.from('plain').toString('base64'), encoding: 'base64' });
    expect(await server.refusal('PUT', '/api/v1/kv?key=x', { body: { value: '***', encoding: 'base64' } })).toEqual([400, 'field_invalid', 'value']);
  });

  it('compares and sets by revision', async () => {
    const { body } = await put('key=cas', '1', { expectedModRevision: '0' });
    expect(await server.refusal('PUT', '/api/v1/kv?key=cas', { body: { value: '2', expectedModRevision: '0' } })).toEqual([409, 'revision_conflict', 'expectedModRevision']);
    const second = await put(`key=cas&expectedModRevision=${body.modRevision}`, '2');
    expect(await server.refusal('DELETE', `/api/v1/kv?key=cas&expectedModRevision=${body.modRevision}`)).toEqual([409, 'revision_conflict', 'expectedModRevision']);
    expect((await server.call('DELETE', `/api/v1/kv?key=cas&expectedModRevision=${second.body.modRevision}`, 'KvDeleted')).status).toBe(200);
  });

  it('attaches keys to leases', async () => {
    const { id } = await server.kv.leaseGrant({ ttlSeconds: 60 });
    expect((await put('key=leased', 'x', { leaseId: String(id) })).body.leaseId).toBe(String(id));
    await server.kv.leaseRevoke(id);
    expect(await server.refusal('GET', '/api/v1/kv?key=leased')).toEqual([404, 'key_unknown', undefined]);
    expect(await server.refusal('PUT', '/api/v1/kv?key=leased', { body: { value: 'x', leaseId: String(id) } })).toEqual([404, 'lease_unknown', undefined]);
  });

  it('pages through a prefix at one revision', async () => {
    for (const name of ['1', '2', '3', '4', '5']) await put(`key=page/${name}`, name);
    const first = (await list('prefix=page/&limit=2')).body;
    await put('key=page/25', 'late');
    const second = (await list(`prefix=page/&limit=2&cursor=${first.nextCursor}`)).body;
    const third = (await list(`prefix=page/&limit=2&cursor=${second.nextCursor}`)).body;
    expect([first, second, third].flatMap(({ items }) => items.map(({ value }) => value))).toEqual(['1', '2', '3', '4', '5']);
    expect((await server.call('DELETE', '/api/v1/kv?prefix=page/', 'KvDeleted')).body).toMatchObject({ deleted: 6 });
    expect((await list('prefix=')).body.items.length).toBeGreaterThan(0);
  });

  it('long-polls a key and a prefix', async () => {
    const { body } = await put('key=poll/a', '1');
    const one = get(`key=poll/a&afterRevision=${body.modRevision}&waitSeconds=20`);
    const many = list(`prefix=poll/&afterRevision=${body.modRevision}&waitSeconds=20`);
    await server.kv.put({ key: 'poll/a', value: Buffer.from('2') });
    expect((await one).body.value).toBe('2');
    expect((await many).body.items.map(({ value }) => value)).toEqual(['2']);
  });

  it.each([
    ['GET', '', undefined, 'field_required', 'key'],
    ['GET', '?key=', undefined, 'field_invalid', 'key'],
    ['GET', '?key=a&prefix=b', undefined, 'field_invalid', 'prefix'],
    ['GET', '?key=a&key=b', undefined, 'field_invalid', 'key'],
    ['GET', '?key=a&prefx=b', undefined, 'field_unknown', 'prefx'],
    ['GET', '?key=a&consistency=eventual', undefined, 'field_invalid', 'consistency'],
    ['PUT', '?prefix=a', { value: '' }, 'field_unknown', 'prefix'],
    ['PUT', '?key=a', {}, 'field_required', 'value'],
    ['PUT', '?key=a', { value: 5 }, 'field_invalid', 'value'],
    ['DELETE', '?prefix=a&expectedModRevision=1', undefined, 'field_invalid', 'expectedModRevision'],
  ])('refuses %s %s', async (method, query, body, code, field) => {
    expect(await server.refusal(method, `/api/v1/kv${query}`, body === undefined ? {} : { body })).toEqual([400, code, field]);
  });

  it('takes one branch of a transaction, in one revision', async () => {
    await put('key=t/a', '1');
    const taken = await txn({
      if: [{ key: 't/a', target: 'value', value: '1' }, { key: 't/b', target: 'version', value: '0' }],
      then: [{ op: 'put', key: 't/b', value: '2' }, { op: 'get', prefix: 't/' }, { op: 'delete', key: 't/a' }],
      else: [{ op: 'put', key: 't/c', value: 'never' }],
    });
    expect(taken.body.succeeded).toBe(true);
    expect(taken.body.results).toMatchObject([{ op: 'put' }, { op: 'get', items: [{ key: 't/a' }, { key: 't/b', value: '2' }] }, { op: 'delete', deleted: 1 }]);
    expect(taken.body.revision).toBe(String(taken.revision));
    const { body } = await txn({ if: [{ prefix: 't/', target: 'modRevision', operator: '<', value: taken.body.revision }], then: [], else: [{ op: 'get', key: 't/b' }] });
    expect(body).toMatchObject({ succeeded: false, results: [{ op: 'get', items: [{ modRevision: taken.body.revision }] }] });
  });

  it('publishes among other steps, or not at all', async () => {
    const item = (key: string, content: string, rest: object = {}): object => ({ op: 'publish', namespace: 'default', group: 'txn', key, content, ...rest });
    const { body } = await txn({ then: [item('a', '1'), item('b', '{}', { format: 'json' }), { op: 'put', key: 'beside', value: 'x' }] });
    expect(body.results).toMatchObject([{ op: 'publish', version: 1 }, { op: 'publish', version: 1 }, { op: 'put' }]);
    for (const key of ['a', 'b']) {
      expect((await server.call('GET', `/api/v1/configs/default/txn/${key}`, 'ConfigItem')).body).toMatchObject({ revision: body.revision });
    }
    const conflict = { body: { then: [item('a', '2'), item('b', '{}', { expectedVersion: 7 })] } };
    expect(await server.refusal('POST', '/api/v1/txn', conflict)).toEqual([409, 'version_conflict', 'expectedVersion']);
    expect(await server.refusal('POST', '/api/v1/txn', { body: { then: [item('b', '{', { format: 'json' })] } })).toEqual([400, 'content_malformed', 'then[0].content']);
    expect((await server.call('GET', '/api/v1/configs/default/txn/a', 'ConfigItem')).body).toMatchObject({ version: 1, content: '1' });
    const otherwise = await txn({ if: [{ key: 'no such', target: 'version', operator: '>', value: '0' }], then: [item('a', '2')], else: [item('a', '3')] });
    expect(otherwise.body).toMatchObject({ succeeded: false, results: [{ version: 2 }] });
    expect((await server.call('GET', '/api/v1/configs/default/txn/a', 'ConfigItem')).body).toMatchObject({ version: 2, content: '3' });
  });

  it.each([
    ['a step that does not exist', { then: [{ op: 'rename', key: 'a' }] }, 'field_invalid', 'then[0].op'],
    ['a field of another step', { then: [{ op: 'get', key: 'a', value: 'x' }] }, 'field_unknown', 'then[0].value'],
    ['an unknown field', { else: [{ op: 'get', key: 'a' }, { op: 'get', key: 'a', keys: [] }] }, 'field_unknown', 'else[1].keys'],
    ['a put without a value', { then: [{ op: 'put', key: 'a' }] }, 'field_required', 'then[0].value'],
    ['a number that is none', { if: [{ key: 'a', target: 'version', value: 'one' }] }, 'field_invalid', 'if[0].value'],
    ['a bad name', { then: [{ op: 'publish', namespace: 'default', group: 'a/b', key: 'k', content: '' }] }, 'name_invalid', 'then[0].group'],
    ['a key that is put twice', { then: [{ op: 'put', key: 'a', value: '' }, { op: 'put', key: 'a', value: '' }] }, 'txn_invalid', undefined],
    ['too many steps', { then: Array.from({ length: 49 }, () => ({ op: 'get', key: 'a' })) }, 'field_invalid', 'then'],
    ['a step that is no object', { then: ['get'] }, 'field_invalid', 'then[0]'],
  ])('refuses a transaction with %s', async (_name, body, code, field) => {
    const [status, ...rest] = await server.refusal('POST', '/api/v1/txn', { body });
    expect([status, ...rest]).toEqual([400, code, field]);
  });
});
