import type { KvApi } from '@quorate/api';
import { startTestMember, type TestMember } from '../gateway/gateway-server.testing';
import { WsServer } from './ws-server.testing';

const TTL_SECONDS = 2;
const SERVICE = { namespace: 'default', service: 'web' };
const ENDPOINT = { address: '10.1.2.3', port: 8080 };

describe('sessions over the WebSocket', () => {
  let member: TestMember;
  let server: WsServer;
  let kv: KvApi;

  beforeAll(async () => {
    member = await startTestMember();
    ({ kv } = member.member.replica);
    server = await WsServer.start(member);
  });

  afterAll(async () => {
    await server?.stop();
    await member?.stop();
  });

  const isAlive = async (session: string): Promise<boolean> => (await kv.leaseTimeToLive({ id: BigInt(session) })).ttlSeconds >= 0;
  const later = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

  /** Resolves when the key is deleted, with the time that took in milliseconds. */
  const goneAfterMs = async (key: string): Promise<number> => {
    const started = performance.now();
    const watch = await kv.watch({ key, filters: [0] });
    for await (const _ of watch) break;
    return performance.now() - started;
  };

  it('opens a session and registers under it; both live as long as the client answers pings', async () => {
    const client = await server.connect();
    const opened = await client.ask({ id: 1, op: 'session', ttlSeconds: TTL_SECONDS, owner: 'me' });
    expect(opened).toMatchObject({ id: 1, type: 'ok', item: { ttlSeconds: TTL_SECONDS, owner: 'me' } });
    const { session } = opened['item'] as { session: string };
    const registered = await client.ask({ id: 2, op: 'register', ...SERVICE, instance: 'w1', ...ENDPOINT });
    expect(registered).toMatchObject({ id: 2, type: 'ok', item: { ...SERVICE, id: 'w1', ...ENDPOINT, session, leaseId: session, ttlSeconds: TTL_SECONDS } });
    await later(1.6 * TTL_SECONDS * 1000);
    expect(await isAlive(session)).toBe(true);
    client.socket.terminate();
    await client.closed;
    expect(await isAlive(session)).toBe(true);
    const again = await server.connect();
    expect(await again.ask({ id: 1, op: 'session', session })).toMatchObject({ id: 1, type: 'ok', item: { session, owner: 'me' } });
    await later(1.6 * TTL_SECONDS * 1000);
    expect(await isAlive(session)).toBe(true);
    expect(await again.ask({ id: 2, op: 'deregister', ...SERVICE, instance: 'w1' })).toMatchObject({ id: 2, type: 'ok', revision: expect.any(String) as string });
    expect(await again.ask({ id: 3, op: 'deregister', ...SERVICE, instance: 'w1' })).toMatchObject({ id: 3, error: { code: 'instance_unknown' } });
  });

  it('lets the instances of a client that stopped go within the TTL and a second, though its socket is open', async () => {
    const watcher = await server.connect();
    await watcher.subscribe({ id: 1, topic: 'registry', ...SERVICE });
    const client = await server.connect({ autoPong: false });
    const { item } = await client.ask({ id: 1, op: 'session', ttlSeconds: TTL_SECONDS }) as unknown as { item: { session: string } };
    await client.ask({ id: 2, op: 'register', ...SERVICE, instance: 'w2', ...ENDPOINT });
    expect(await watcher.changes(1, 1)).toMatchObject([{ op: 'put', key: { id: 'w2' } }]);
    const goneMs = await goneAfterMs('/quorate/registry/instances/default/web/w2');
    expect(goneMs).toBeLessThan((TTL_SECONDS + 1) * 1000);
    expect(goneMs).toBeGreaterThan((TTL_SECONDS - 1) * 1000);
    expect(await watcher.changes(1, 1)).toMatchObject([{ op: 'delete', key: { id: 'w2' } }]);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    client.send({ id: 3, op: 'ping' });
    const told = [await client.next(), await client.next()];
    expect(told).toContainEqual({ id: 3, type: 'pong' });
    expect(told).toContainEqual(expect.objectContaining({ id: 1, type: 'error', error: expect.objectContaining({ code: 'session_unknown' }) as unknown }));
    expect(await client.ask({ id: 4, op: 'session', session: item.session })).toMatchObject({ id: 4, error: { code: 'session_unknown' } });
  });

  it('is renewed by frames as well', async () => {
    const client = await server.connect({ autoPong: false });
    const { item } = await client.ask({ id: 1, op: 'session', ttlSeconds: TTL_SECONDS }) as unknown as { item: { session: string } };
    for (let at = 0; at < 8; at++) {
      await later((TTL_SECONDS * 1000) / 5);
      await client.ask({ id: 2, op: 'ping' });
    }
    expect(await isAlive(item.session)).toBe(true);
  });

  it('refuses what cannot be', async () => {
    const client = await server.connect();
    expect(await client.ask({ id: 1, op: 'register', ...SERVICE, instance: 'x', ...ENDPOINT })).toMatchObject({ id: 1, error: { code: 'field_required', field: 'session' } });
    expect(await client.ask({ id: 2, op: 'session', ttlSeconds: 1 })).toMatchObject({ id: 2, error: { code: 'ttl_too_small', field: 'ttlSeconds' } });
    expect(await client.ask({ id: 3, op: 'session', session: '99' })).toMatchObject({ id: 3, error: { code: 'session_unknown' } });
    expect(await client.ask({ id: 4, op: 'register', ...SERVICE, instance: 'x', ...ENDPOINT, session: '99' })).toMatchObject({ id: 4, error: { code: 'session_unknown' } });
    expect(await client.ask({ id: 5, op: 'register', ...SERVICE, namespace: 'nowhere', instance: 'x', ...ENDPOINT, ephemeral: false })).toMatchObject({ id: 5, error: { code: 'namespace_unknown' } });
    expect(await client.sendBad({ id: 6, op: 'register', ...SERVICE, instance: 'x', ...ENDPOINT, ttlSeconds: 10 })).toMatchObject({ id: 6, error: { code: 'field_unknown', field: 'ttlSeconds' } });
    expect(await client.sendBad({ id: 7, op: 'register', ...SERVICE, instance: 'a/b', ...ENDPOINT })).toMatchObject({ id: 7, error: { code: 'field_invalid', field: 'instance' } });
    expect(await client.ask({ id: 8, op: 'register', ...SERVICE, instance: 'stays', ...ENDPOINT, ephemeral: false })).toMatchObject({ id: 8, type: 'ok', item: { ephemeral: false } });
    for (let id = 10; id < 26; id++) expect(await client.ask({ id, op: 'session', ttlSeconds: 60 })).toMatchObject({ type: 'ok' });
    expect(await client.ask({ id: 26, op: 'session', ttlSeconds: 60 })).toMatchObject({ id: 26, error: { code: 'sessions_too_many' } });
  });
});
