import { createHash } from 'node:crypto';
import type { ConfigItem, ConfigRelease, List, PublishResult } from '@quorate/api';
import { RestServer } from '../rest/rest-server.testing';

const BASE = '/api/v1/configs/default';

describe('configurations over REST', () => {
  let server: RestServer;
  beforeAll(async () => { server = await RestServer.start(); });
  afterAll(() => server.stop());

  const publish = (path: string, content: string, rest: object = {}): ReturnType<typeof server.call<PublishResult>> =>
    server.call<PublishResult>('PUT', `${BASE}/${path}`, 'PublishResult', { body: { content, ...rest } });
  const get = (path: string): ReturnType<typeof server.call<ConfigItem>> => server.call<ConfigItem>('GET', `${BASE}/${path}`, 'ConfigItem');
  const history = (path: string): ReturnType<typeof server.call<List<ConfigRelease>>> => server.call<List<ConfigRelease>>('GET', `${BASE}/${path}`, 'ReleaseList');

  it('publishes and reads', async () => {
    const content = '{"größe": 1}\n';
    const published = await publish('app/main.json', content, { format: 'json', comment: 'first' });
    expect(published.body).toEqual({ version: 1, revision: String(published.revision), md5: createHash('md5').update(content).digest('hex') });
    const { body } = await get('app/main.json');
    expect(body).toMatchObject({ namespace: 'default', group: 'app', key: 'main.json', content, format: 'json', comment: 'first', publishedBy: 'anonymous', ...published.body });
    expect(Math.abs(Date.parse(body.publishedAt) - Date.now())).toBeLessThan(60_000);
    const raw = await server.call('GET', `${BASE}/app/main.json?raw=true`);
    expect([raw.text, raw.headers.get('content-type')]).toEqual([content, 'application/json; charset=utf-8']);
    expect(raw.revision).toBeGreaterThanOrEqual(published.revision);
  });

  it('compares and sets by version; 0 means that there is none', async () => {
    expect((await publish('cas/k', 'a', { expectedVersion: 0 })).body.version).toBe(1);
    const refused = { body: { content: 'b', expectedVersion: 0 } };
    expect(await server.refusal('PUT', `${BASE}/cas/k`, refused)).toEqual([409, 'version_conflict', 'expectedVersion']);
    expect((await publish('cas/k', 'b', { expectedVersion: 1 })).body.version).toBe(2);
    expect(await server.refusal('DELETE', `${BASE}/cas/k?expectedVersion=1`)).toEqual([409, 'version_conflict', 'expectedVersion']);
    expect((await get('cas/k')).body.content).toBe('b');
  });

  it('lets exactly one of many writers of a version win', async () => {
    await publish('race/k', 'base');
    const tries = await Promise.all(Array.from({ length: 8 }, (_, at) => server.call('PUT', `${BASE}/race/k`, undefined, { body: { content: `w${at}`, expectedVersion: 1 } })));
    expect(tries.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
    const free = await Promise.all(Array.from({ length: 8 }, (_, at) => publish('race/k', `free${at}`)));
    expect(free.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('keeps numbered releases through deletion and roll-back', async () => {
    await publish('life/k', 'one');
    await publish('life/k', 'two', { comment: 'better' });
    const deleted = await server.call('DELETE', `${BASE}/life/k?comment=enough`, 'DeleteConfigResult');
    expect(deleted.body).toMatchObject({ version: 3 });
    expect(await server.refusal('GET', `${BASE}/life/k`)).toEqual([404, 'config_unknown', undefined]);
    expect(await server.refusal('DELETE', `${BASE}/life/k`)).toEqual([404, 'config_unknown', undefined]);
    expect((await publish('life/k', 'three')).body.version).toBe(4);
    const rolled = await server.call<PublishResult>('POST', `${BASE}/life/k/rollback`, 'PublishResult', { body: { version: 1 } });
    expect(rolled.body.version).toBe(5);
    expect((await get('life/k')).body).toMatchObject({ content: 'one', version: 5 });
    const releases = (await history('life/k/history')).body.items;
    expect(releases.map(({ version, type }) => [version, type])).toEqual([[5, 'rolled_back'], [4, 'published'], [3, 'deleted'], [2, 'published'], [1, 'published']]);
    expect(releases[0]).toMatchObject({ fromVersion: 1, content: 'one' });
    expect(releases[2]).not.toHaveProperty('content');
    expect(releases[2]).toMatchObject({ comment: 'enough' });
    expect((await server.call('GET', `${BASE}/life/k/history/2`, 'ConfigRelease')).body).toEqual(releases[3]);
    expect(await server.refusal('GET', `${BASE}/life/k/history/9`)).toEqual([404, 'release_unknown', undefined]);
    expect(await server.refusal('POST', `${BASE}/life/k/rollback`, { body: { version: 3 } })).toEqual([404, 'release_unknown', 'version']);
  });

  it('pages through history', async () => {
    for (let at = 1; at <= 5; at++) await publish('paged/k', String(at));
    const first = (await history('paged/k/history?limit=2')).body;
    await publish('paged/k', 'late');
    const second = (await history(`paged/k/history?limit=2&cursor=${first.nextCursor}`)).body;
    const third = (await history(`paged/k/history?limit=2&cursor=${second.nextCursor}`)).body;
    expect([first, second, third].map(({ items }) => items.map(({ version }) => version))).toEqual([[5, 4], [3, 2], [1]]);
    expect(third.nextCursor).toBeUndefined();
  });

  it('lists namespaces and groups', async () => {
    await publish('listed/a', '1');
    await publish('listed/b', '2');
    const group = await server.call<List<ConfigItem>>('GET', `${BASE}/listed`, 'ConfigList');
    expect(group.body.items.map(({ key }) => key)).toEqual(['a', 'b']);
    const filtered = await server.call<List<ConfigItem>>('GET', `${BASE}?q=listed/b`, 'ConfigList');
    expect(filtered.body.items.map(({ key }) => key)).toEqual(['b']);
  });

  it('pages through lists at one revision, also where most names do not fit', async () => {
    for (const key of ['a1', 'b1', 'a2', 'b2', 'a3']) await publish('pages/' + key, key);
    const keysOf = async (query: string): Promise<string[][]> => {
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const { body } = await server.call<List<ConfigItem>>('GET', `${BASE}/pages?${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`, 'ConfigList');
        if (cursor === undefined) await publish('pages/a0', 'late');
        pages.push(body.items.map(({ key }) => key));
        cursor = body.nextCursor;
      } while (cursor !== undefined);
      return pages;
    };
    expect(await keysOf('limit=2')).toEqual([['a1', 'a2'], ['a3', 'b1'], ['b2']]);
    expect(await keysOf('limit=2&q=/a')).toEqual([['a0', 'a1'], ['a2', 'a3']]);
    expect(await keysOf('limit=6')).toEqual([['a0', 'a1', 'a2', 'a3', 'b1', 'b2']]);
  });

  it('comes in pages where no limit is asked for', async () => {
    for (let at = 0; at < 101; at++) await publish(`many/k${at}`, 'x');
    const { body } = await server.call<List<ConfigItem>>('GET', `${BASE}/many`, 'ConfigList');
    expect([body.items.length, body.nextCursor]).toEqual([100, expect.any(String)]);
    const rest = await server.call<List<ConfigItem>>('GET', `${BASE}/many?cursor=${body.nextCursor}`, 'ConfigList');
    expect([rest.body.items.length, rest.body.nextCursor]).toEqual([1, undefined]);
  });

  it('wakes a long poll at the first publish of a key that did not exist, made past the API', async () => {
    const { revision } = await server.call('GET', `${BASE}/nothing`, 'ConfigList');
    const poll = get(`later/k?afterRevision=${revision}&waitSeconds=20`);
    const value = { version: 1, type: 'published', content: 'x', format: 'text', md5: '9dd4e461268c8034f5c8564e155c67a6', publishedAt: '2026-01-01T00:00:00.000Z', publishedBy: 'gRPC' };
    const { header } = await server.kv.put({ key: '/quorate/config/items/default/later/k', value: Buffer.from(JSON.stringify(value)) });
    const answer = await poll;
    expect(answer.body).toMatchObject({ content: 'x', publishedBy: 'gRPC', revision: String(header.revision) });
    // The foreign writer left no release behind; numbers go on from what is in force.
    expect((await publish('later/k', 'y')).body.version).toBe(2);
  });

  it('ends a wait for a key that never came with 404', async () => {
    const { revision } = await server.call('GET', `${BASE}/nothing`, 'ConfigList');
    expect(await server.refusal('GET', `${BASE}/never/k?afterRevision=${revision}&waitSeconds=1`)).toEqual([404, 'config_unknown', undefined]);
  });

  it('survives what strangers do to its keys', async () => {
    await publish('foreign/k', 'good');
    await server.kv.put({ key: '/quorate/config/items/default/foreign/k', value: Buffer.from('{{{') });
    expect(await server.refusal('GET', `${BASE}/foreign/k`)).toEqual([404, 'config_unknown', undefined]);
    expect((await server.call<List<ConfigItem>>('GET', `${BASE}/foreign`, 'ConfigList')).body).toMatchObject({ items: [], skipped: 1 });
    expect((await publish('foreign/k', 'again')).body.version).toBe(2);
    await server.kv.put({ key: '/quorate/config/releases/default/foreign/k/0000000007', value: Buffer.from('junk') });
    await server.kv.put({ key: '/quorate/config/releases/default/foreign/k/zzz', value: Buffer.from('junk') });
    const listed = (await history('foreign/k/history')).body;
    expect([listed.items.map(({ version }) => version), listed.skipped]).toEqual([[2, 1], 2]);
    await server.kv.deleteRange({ key: '/quorate/config/', rangeEnd: '/quorate/config0' });
    expect((await publish('foreign/k', 'fresh')).body.version).toBe(1);
  });

  it.each([
    ['json', '{"a": 1,}', 'line 1, column 9'],
    ['yaml', 'a: 1\nb: [1\n', 'line 3, column 1'],
    ['toml', 'a = 1\na = 2\n', 'line 2, column 1'],
    ['properties', 'a=1\nb=\\u12\n', 'line 2, column 3'],
    ['xml', '<a>\n <b></a>', 'line 2, column 5'],
  ])('refuses %s that is not, with the place', async (format, content, place) => {
    const { status, body } = await server.call<{ error: { code: string; message: string; field: string } }>('PUT', `${BASE}/bad/k`, undefined, { body: { content, format } });
    expect([status, body.error.code, body.error.field]).toEqual([400, 'content_malformed', 'content']);
    expect(body.error.message).toContain(place);
    expect(await server.refusal('GET', `${BASE}/bad/k`)).toEqual([404, 'config_unknown', undefined]);
  });

  it('refuses what is too large, before and after escaping', async () => {
    expect(await server.refusal('PUT', `${BASE}/big/k`, { body: { content: 'x'.repeat(256 * 1024 + 1) } })).toEqual([413, 'content_too_large', 'content']);
    expect(await server.refusal('PUT', `${BASE}/big/k`, { body: { content: '\u0001'.repeat(200 * 1024) } })).toEqual([413, 'content_too_large', 'content']);
    expect((await publish('big/k', 'x'.repeat(256 * 1024))).status).toBe(200);
  });

  it('knows no fields and formats that it does not know', async () => {
    expect(await server.refusal('PUT', `${BASE}/bad/k`, { body: { content: '', format: 'ini' } })).toEqual([400, 'field_invalid', 'format']);
    expect(await server.refusal('PUT', `${BASE}/bad/k`, { body: { content: '', schema: {} } })).toEqual([400, 'field_unknown', 'schema']);
    expect(await server.refusal('PUT', `${BASE}/bad/k?appliedShare=1`, { body: { content: '' } })).toEqual([400, 'field_unknown', 'appliedShare']);
    expect(await server.refusal('PUT', `/api/v1/configs/nowhere/g/k`, { body: { content: '' } })).toEqual([404, 'namespace_unknown', 'namespace']);
  });
});
