import type { Instance, List, Service } from '@quorate/api';
import { RestServer } from '../rest/rest-server.testing';

const BASE = '/api/v1/registry/default';

describe('the registry over REST', () => {
  let server: RestServer;
  beforeAll(async () => { server = await RestServer.start(); });
  afterAll(() => server.stop());

  const register = (path: string, body: object = {}): ReturnType<typeof server.call<Instance>> =>
    server.call<Instance>('PUT', `${BASE}/${path}`, 'Instance', { body: { address: '10.0.0.1', port: 80, ...body } });
  const list = (path: string): ReturnType<typeof server.call<List<Instance>>> => server.call<List<Instance>>('GET', `${BASE}/${path}`, 'InstanceList');
  const ids = async (path: string): Promise<string[]> => (await list(path)).body.items.map(({ id }) => id);

  it('registers with defaults, answers the lease, and lists', async () => {
    const { status, body, revision } = await register('web/a', { zone: 'z1', version: '1.2', tags: ['blue'], metadata: { owner: 'me' } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      namespace: 'default', service: 'web', id: 'a', address: '10.0.0.1', port: 80, weight: 1, enabled: true, ephemeral: true, health: 'passing', ttlSeconds: 15,
    });
    expect(Number(body.revision)).toBe(revision);
    const listed = await list('web');
    expect(listed.body.items).toEqual([body]);
    expect((await server.call('GET', `${BASE}/web/a`, 'Instance')).body).toEqual(body);
    expect((await server.call<List<Service>>('GET', BASE, 'ServiceList')).body.items).toContainEqual({ namespace: 'default', service: 'web', instances: 1 });
  });

  it('keeps the lease of the same endpoint and writes nothing when nothing changed', async () => {
    const first = await register('again/a');
    const second = await register('again/a');
    expect(second.body).toEqual(first.body);
    const changed = await register('again/a', { weight: 3 });
    expect(changed.body.leaseId).toBe(first.body.leaseId);
    expect(Number(changed.body.revision)).toBe(Number(first.body.revision) + 1);
    expect(changed.body.registeredAt).toBe(first.body.registeredAt);
  });

  it('tells a registration that was taken over, and ends the lease that nobody needs', async () => {
    const first = await register('taken/a');
    const second = await register('taken/a', { address: '10.0.0.2' });
    expect(second.body.leaseId).not.toBe(first.body.leaseId);
    expect((await server.kv.leaseTimeToLive({ id: BigInt(first.body.leaseId as string) })).ttlSeconds).toBe(-1);
    const path = `${BASE}/taken/a`;
    expect(await server.refusal('PUT', `${path}/heartbeat?leaseId=${first.body.leaseId}`)).toEqual([409, 'instance_replaced', undefined]);
    expect(await server.refusal('DELETE', `${path}?leaseId=${first.body.leaseId}`)).toEqual([409, 'instance_replaced', undefined]);
    const beat = await server.call('PUT', `${path}/heartbeat?leaseId=${second.body.leaseId}`, 'Heartbeat');
    expect(beat.body).toMatchObject({ leaseId: second.body.leaseId, ttlSeconds: 15 });
  });

  it('deregisters once', async () => {
    const { body } = await register('gone/a');
    const path = `${BASE}/gone/a?leaseId=${body.leaseId}`;
    const gone = await server.call('DELETE', path);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect(gone.revision).toBe(Number(body.revision) + 1);
    expect(await server.refusal('DELETE', path)).toEqual([404, 'instance_unknown', undefined]);
    expect(await server.refusal('PUT', `${BASE}/gone/a/heartbeat?leaseId=${body.leaseId}`)).toEqual([404, 'instance_unknown', undefined]);
    expect(await ids('gone')).toEqual([]);
  });

  it('filters', async () => {
    await register('mixed/a', { zone: 'z1', tags: ['blue', 'green'], version: '1' });
    await register('mixed/b', { zone: 'z2', tags: ['blue'], version: '2', enabled: false });
    await register('mixed/c', { ports: { http: 80, grpc: 81 }, port: undefined, ephemeral: false });
    expect(await ids('mixed?healthy=true')).toEqual(['a', 'c']);
    expect(await ids('mixed?healthy=false')).toEqual(['b']);
    expect(await ids('mixed?tag=blue&zone=z2')).toEqual(['b']);
    expect(await ids('mixed?version=1')).toEqual(['a']);
    expect(await ids('mixed?q=c')).toEqual(['c']);
    const persistent = (await server.call<Instance>('GET', `${BASE}/mixed/c`, 'Instance')).body;
    expect(persistent).not.toHaveProperty('leaseId');
    expect(persistent).not.toHaveProperty('ttlSeconds');
  });

  it('pages at one revision', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await register(`paged/${id}`);
    const first = (await list('paged?limit=2')).body;
    await register('paged/aa');
    const second = (await list(`paged?limit=2&cursor=${first.nextCursor}`)).body;
    const third = (await list(`paged?limit=2&cursor=${second.nextCursor}`)).body;
    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(new Set([first, second, third].map(({ revision }) => revision)).size).toBe(1);
    expect(third.nextCursor).toBeUndefined();
    expect(await server.refusal('GET', `${BASE}/paged?cursor=nonsense`)).toEqual([400, 'cursor_invalid', 'cursor']);
  });

  it('expires what stops beating, not before its TTL and soon after it', async () => {
    const began = performance.now();
    const { body } = await register('mortal/a', { ttlSeconds: 2 });
    const polled = await list(`mortal?afterRevision=${body.revision}&waitSeconds=10`);
    const elapsedMs = performance.now() - began;
    expect(polled.body.items).toEqual([]);
    expect(elapsedMs).toBeGreaterThan(1900);
    expect(elapsedMs).toBeLessThan(5000);
  });

  it('carries instances by a session', async () => {
    const session = (await server.call<{ session: string }>('POST', '/api/v1/sessions', 'Session', { body: { ttlSeconds: 30, owner: 'worker' } })).body.session;
    for (const id of ['a', 'b']) {
      const { body } = await register(`carried/${id}`, { session });
      expect(body).toMatchObject({ leaseId: session, session, ttlSeconds: 30 });
    }
    await register('carried/a', { address: '10.0.0.9' });
    expect((await server.call('PUT', `/api/v1/sessions/${session}/keepalive`, 'Heartbeat')).body).toMatchObject({ ttlSeconds: 30 });
    expect((await server.call('DELETE', `/api/v1/sessions/${session}`)).status).toBe(204);
    expect(await ids('carried')).toEqual(['a']);
    const refused = await server.refusal('PUT', `${BASE}/carried/c`, { body: { address: 'h', port: 1, session } });
    expect(refused).toEqual([404, 'session_unknown', 'session']);
    expect(await server.refusal('GET', `/api/v1/sessions/${session}`)).toEqual([404, 'session_unknown', undefined]);
  });

  it('wakes a long poll for this service alone, whoever made the change', async () => {
    const { body } = await register('polled/a');
    let woken = false;
    const poll = list(`polled?afterRevision=${body.revision}&waitSeconds=30`).finally(() => { woken = true; });
    await register('elsewhere/a');
    await register('polled2/a');
    await server.call('GET', `${BASE}/polled`);
    expect(woken).toBe(false);
    const value = Buffer.from(JSON.stringify({
      address: '10.9.9.9', port: 9, weight: 1, tags: [], metadata: {}, enabled: true, ephemeral: false, registeredAt: '2026-01-01T00:00:00.000Z',
    }));
    const { header } = await server.kv.put({ key: '/quorate/registry/instances/default/polled/foreign', value });
    const answer = await poll;
    expect(answer.revision).toBe(header.revision);
    expect(answer.body.items.map(({ id }) => id)).toEqual(['a', 'foreign']);
  });

  it('ends a wait with the present body, and refuses revisions that are gone or not reached', async () => {
    const { body } = await register('quiet/a');
    const ended = await list(`quiet?afterRevision=${body.revision}&waitSeconds=1`);
    expect([ended.status, ended.body.items.length]).toEqual([200, 1]);
    const present = ended.revision;
    expect(await server.refusal('GET', `${BASE}/quiet?afterRevision=${present + 1000}&waitSeconds=1`)).toEqual([410, 'compacted', undefined]);
    expect(await server.refusal('GET', `${BASE}/quiet?waitSeconds=1`)).toEqual([400, 'field_required', 'afterRevision']);
    expect(await server.refusal('GET', `${BASE}/quiet?afterRevision=1&waitSeconds=61`)).toEqual([400, 'field_invalid', 'waitSeconds']);
    await server.kv.compact({ revision: present });
    expect(await server.refusal('GET', `${BASE}/quiet?afterRevision=1&waitSeconds=1`)).toEqual([410, 'compacted', undefined]);
  });

  it('skips and counts what it cannot read, and lets it be registered anew', async () => {
    await register('broken/a');
    for (const [id, value] of [['b', 'not json'], ['c', '{"address":5}'], ['d', '[]'], ['e', JSON.stringify({ address: 'x', port: 1, weight: 1, tags: [], metadata: {}, enabled: true, ephemeral: true, registeredAt: '' })]]) {
      await server.kv.put({ key: `/quorate/registry/instances/default/broken/${id}`, value: Buffer.from(value as string) });
    }
    const { body } = await list('broken');
    expect(body.items.map(({ id }) => id)).toEqual(['a']);
    expect(body.skipped).toBe(4);
    expect(await server.refusal('GET', `${BASE}/broken/b`)).toEqual([404, 'instance_unknown', undefined]);
    expect((await register('broken/b')).status).toBe(200);
    await server.kv.deleteRange({ key: '/quorate/', rangeEnd: '/quorate0' });
    expect(await ids('broken')).toEqual([]);
    expect((await register('broken/a')).status).toBe(200);
  });

  it.each([
    ['no address', { port: 1 }, 'field_required', 'address'],
    ['an address that is none', { address: 'not an address', port: 1 }, 'field_invalid', 'address'],
    ['an address of digits', { address: '300.1.1.1', port: 1 }, 'field_invalid', 'address'],
    ['no port', { address: 'h' }, 'field_required', 'port'],
    ['two kinds of ports', { address: 'h', port: 1, ports: { a: 1 } }, 'field_invalid', 'ports'],
    ['a bad port', { address: 'h', ports: { a: 65_536 } }, 'field_invalid', 'ports'],
    ['an unknown field', { address: 'h', port: 1, checks: [] }, 'field_unknown', 'checks'],
    ['a short TTL', { address: 'h', port: 1, ttlSeconds: 1 }, 'ttl_too_small', 'ttlSeconds'],
    ['a long TTL', { address: 'h', port: 1, ttlSeconds: 86_401 }, 'field_invalid', 'ttlSeconds'],
    ['a TTL for what stays', { address: 'h', port: 1, ephemeral: false, ttlSeconds: 5 }, 'field_invalid', 'ttlSeconds'],
    ['a negative weight', { address: 'h', port: 1, weight: -1 }, 'field_invalid', 'weight'],
    ['metadata of numbers', { address: 'h', port: 1, metadata: { a: 1 } }, 'field_invalid', 'metadata'],
    ['too many tags', { address: 'h', port: 1, tags: Array.from({ length: 65 }, String) }, 'field_invalid', 'tags'],
  ])('refuses %s and registers nothing', async (_name, body, code, field) => {
    expect(await server.refusal('PUT', `${BASE}/refused/a`, { body })).toEqual([400, code, field]);
    expect(await ids('refused')).toEqual([]);
  });

  it('leaves no lease behind where it refuses', async () => {
    const before = (await server.kv.leaseLeases()).ids.length;
    expect(await server.refusal('PUT', '/api/v1/registry/nowhere/web/a', { body: { address: 'h', port: 1 } })).toEqual([404, 'namespace_unknown', 'namespace']);
    expect((await server.kv.leaseLeases()).ids.length).toBe(before);
  });

  it('says targets for Prometheus', async () => {
    await server.call('PUT', '/api/v1/namespaces/prom', 'Namespace', { body: {} });
    await server.call('PUT', '/api/v1/registry/prom/web/a', 'Instance', { body: { address: '::1', port: 80, tags: ['x', 'y'], metadata: { 'team-name': 'core' } } });
    await server.call('PUT', '/api/v1/registry/prom/web/b', 'Instance', { body: { address: 'b.local', ports: { http: 1, admin: 2 } } });
    const { body } = await server.call<{ targets: string[]; labels: Record<string, string> }[]>('GET', '/api/v1/registry/prom/prometheus-sd', 'PrometheusTargets');
    expect(body.map(({ targets }) => targets)).toEqual([['[::1]:80'], ['b.local:1'], ['b.local:2']]);
    expect(body[0]?.labels).toMatchObject({ __meta_quorate_service: 'web', __meta_quorate_tags: ',x,y,', __meta_quorate_metadata_team_name: 'core' });
  });
});
