import { type KvApi } from '@quorate/api';
import { ConfigTree, Registry, Writer } from '@quorate/recipes';
import { SystemClock } from '@quorate/runtime';
import { startTestMember, type TestMember } from '../gateway/gateway-server.testing';
import { type ReceivedChange, type WsClient, WsServer } from './ws-server.testing';

describe('push over the WebSocket', () => {
  let member: TestMember;
  let server: WsServer;
  let kv: KvApi;
  let configs: ConfigTree;
  let registry: Registry;

  beforeAll(async () => {
    member = await startTestMember();
    ({ kv } = member.member.replica);
    const writer = new Writer(kv, new SystemClock());
    configs = new ConfigTree(writer, new SystemClock());
    registry = new Registry(writer, new SystemClock());
    server = await WsServer.start(member, { limits: { parkAfterMs: 50 } });
  });

  afterAll(async () => {
    await server?.stop();
    await member?.stop();
  });

  const put = async (key: string, value: string | Buffer): Promise<number> => (
    await kv.put({ key, value: typeof value === 'string' ? Buffer.from(value) : value })
  ).header.revision;
  const publish = (group: string, key: string, content: string): Promise<{ revision: string }> => (
    configs.publish({ namespace: 'default', group, key }, { content, format: 'text', publishedBy: 'test' })
  );
  const revisions = (changes: readonly ReceivedChange[]): number[] => changes.map(({ revision }) => Number(revision));

  it('tells a snapshot and then changes in the order of revisions', async () => {
    await put('/a/1', 'one');
    const client = await server.connect();
    const snapshot = await client.subscribe({ id: 1, topic: 'kv', prefix: '/a/' });
    expect(snapshot).toMatchObject({ id: 1, type: 'snapshot', items: [{ key: '/a/1', value: 'one' }] });
    const second = await put('/a/2', 'two');
    const { header } = await kv.deleteRange({ key: '/a/1' });
    expect(await client.changes(1, 2)).toMatchObject([
      { op: 'put', key: { key: '/a/2' }, value: { value: 'two' }, revision: String(second) },
      { op: 'delete', key: { key: '/a/1' }, revision: String(header.revision) },
    ]);
  });

  it('never splits a revision, and tells it once', async () => {
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'kv', prefix: '/txn/' });
    const success = Array.from({ length: 100 }, (_, at) => (
      { type: 'put', request: { key: `/txn/${at}`, value: Buffer.alloc(2000, 'v') } } as const
    ));
    const { header } = await kv.txn({ compare: [], success, failure: [] });
    const frame = await client.next();
    expect(frame).toMatchObject({ type: 'change', revision: String(header.revision) });
    expect((frame['changes'] as unknown[]).length).toBe(100);
    await put('/txn/last', 'x');
    expect(await client.changes(1, 1)).toMatchObject([{ key: { key: '/txn/last' } }]);
  });

  it('gives a subscriber that was away exactly the ten publishes that it missed', async () => {
    await publish('app', 'limits', 'v0');
    const first = await server.connect();
    const snapshot = await first.subscribe({ id: 1, topic: 'config', namespace: 'default', group: 'app', key: '*' });
    expect(snapshot).toMatchObject({ type: 'snapshot', items: [{ namespace: 'default', group: 'app', key: 'limits', content: 'v0', version: 1 }] });
    await publish('app', 'limits', 'v1');
    const [seen] = await first.changes(1, 1);
    first.socket.terminate();
    await first.closed;
    for (let at = 2; at <= 11; at++) await publish(at % 2 === 0 ? 'app' : 'other', at % 3 === 0 ? 'limits' : 'flags', `v${at}`);
    for (let at = 12; at <= 16; at++) await publish('app', 'limits', `v${at}`);
    const second = await server.connect();
    second.send({ id: 5, op: 'subscribe', topic: 'config', namespace: 'default', group: 'app', key: '*', afterRevision: seen?.revision });
    expect(await second.next()).toEqual({ id: 5, type: 'ok' });
    const missed = await second.changes(5, 10);
    expect(missed.map(({ value }) => value?.['content'])).toEqual(['v2', 'v4', 'v6', 'v8', 'v10', 'v12', 'v13', 'v14', 'v15', 'v16']);
    expect(revisions(missed)).toEqual([...revisions(missed)].sort((a, b) => a - b));
    await publish('app', 'limits', 'last');
    expect(await second.changes(5, 1)).toMatchObject([{ op: 'put', key: { namespace: 'default', group: 'app', key: 'limits' }, value: { content: 'last' } }]);
  });

  it('gives one that asks for the latest nothing but the newest version of each key', async () => {
    const away = await put('/latest/a', 'a0');
    for (let at = 1; at <= 100; at++) await put(`/latest/${at % 2 === 0 ? 'a' : 'b'}`, `v${at}`);
    await put('/latest/gone', 'x');
    await kv.deleteRange({ key: '/latest/gone' });
    const client = await server.connect();
    client.send({ id: 1, op: 'subscribe', topic: 'kv', prefix: '/latest/', afterRevision: String(away), mode: 'latest' });
    expect((await client.next()).type).toBe('ok');
    expect(await client.next()).toMatchObject({
      type: 'change',
      changes: [
        { op: 'put', key: { key: '/latest/b' }, value: { value: 'v99' } },
        { op: 'put', key: { key: '/latest/a' }, value: { value: 'v100' } },
        { op: 'delete', key: { key: '/latest/gone' } },
      ],
    });
    await put('/latest/a', 'live');
    expect(await client.changes(1, 1)).toMatchObject([{ value: { value: 'live' } }]);
  });

  it('resets what lies below a compaction or above the cluster, and goes on from a fresh snapshot', async () => {
    const old = await put('/reset/a', '1');
    await put('/reset/a', '2');
    const revision = await put('/reset/a', '3');
    await kv.compact({ revision });
    for (const [id, afterRevision] of [[1, String(old - 1)], [2, '9007199254740993']] as const) {
      const client = await server.connect();
      expect(await client.subscribe({ id, topic: 'kv', prefix: '/reset/', afterRevision })).toMatchObject({ id, type: 'reset' });
      const snapshot = await client.next();
      expect(snapshot).toMatchObject({ id, type: 'snapshot' });
      expect((snapshot['items'] as unknown[])[0]).toMatchObject({ key: '/reset/a', value: '3' });
      await put('/reset/a', `after ${id}`);
      expect(await client.changes(id, 1)).toMatchObject([{ key: { key: '/reset/a' }, value: { value: `after ${id}` } }]);
      await put('/reset/a', '3');
      client.socket.close();
    }
  });

  it('follows configurations by group and namespace, and services by pattern', async () => {
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'config', namespace: 'default', group: 'pay*', key: '*' });
    await client.subscribe({ id: 2, topic: 'config', namespace: '*', group: '*', key: 'a*' });
    await client.subscribe({ id: 3, topic: 'registry', namespace: 'default', service: 'web*' });
    await publish('payments', 'b', '1');
    await publish('paying', 'abc', '2');
    await publish('users', 'a', '3');
    const registration = { address: '10.0.0.1', port: 80, weight: 1, tags: [], metadata: {}, enabled: true, ephemeral: false };
    await registry.register({ namespace: 'default', service: 'mail', id: 'm' }, registration);
    const instance = await registry.register({ namespace: 'default', service: 'web-shop', id: 'w' }, registration);
    await registry.deregister({ namespace: 'default', service: 'web-shop', id: 'w' }, undefined);
    const told = new Map<number, ReceivedChange[]>([[1, []], [2, []], [3, []]]);
    while ([...told.values()].some((changes) => changes.length < 2)) {
      const frame = await client.next();
      told.get(frame.id as number)?.push(...(frame['changes'] as ReceivedChange[]));
    }
    expect(told.get(1)?.map(({ key }) => key['key'])).toEqual(['b', 'abc']);
    expect(told.get(2)?.map(({ key }) => key['key'])).toEqual(['abc', 'a']);
    expect(told.get(3)).toEqual([
      { op: 'put', key: { namespace: 'default', service: 'web-shop', id: 'w' }, value: instance, revision: instance.revision },
      { op: 'delete', key: { namespace: 'default', service: 'web-shop', id: 'w' }, revision: expect.any(String) as string },
    ]);
  });

  it('tells the same JSON as the lists of the features', async () => {
    const client = await server.connect();
    const snapshot = await client.subscribe({ id: 1, topic: 'config', namespace: 'default', group: '*', key: '*' });
    const list = await configs.list({ namespace: 'default', group: '*', key: '*' });
    expect(snapshot['items']).toEqual(JSON.parse(JSON.stringify(list.items)));
    expect(list.items.length).toBeGreaterThan(0);
  });

  it('counts entries that nobody can read, and takes their change for a deletion', async () => {
    await put('/quorate/config/items/default/broken/k', '{not json');
    const client = await server.connect();
    expect(await client.subscribe({ id: 1, topic: 'config', namespace: 'default', group: 'broken', key: '*' }))
      .toMatchObject({ type: 'snapshot', items: [], skipped: 1 });
    await put('/quorate/config/items/default/broken/k', '7');
    expect(await client.changes(1, 1)).toEqual([{ op: 'delete', key: { namespace: 'default', group: 'broken', key: 'k' }, revision: expect.any(String) as string }]);
  });

  it('tells bytes that are no text as base64', async () => {
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'kv', prefix: '/w==', keyEncoding: 'base64' });
    await put('\xffkey', Buffer.from([0, 0xff]));
    expect(await client.changes(1, 1)).toMatchObject([{ key: { key: '/2tleQ==', keyEncoding: 'base64' }, value: { value: 'AP8=', encoding: 'base64' } }]);
  });

  it('tells nothing more after unsubscribe', async () => {
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'kv', key: 'unsub' });
    await client.subscribe({ id: 2, topic: 'kv', key: 'unsub' });
    expect(await client.ask({ id: 3, op: 'unsubscribe', subscription: 1 })).toEqual({ id: 3, type: 'ok' });
    await put('unsub', 'x');
    expect(await client.next()).toMatchObject({ id: 2, type: 'change' });
    expect(await client.ask({ id: 4, op: 'ping' })).toEqual({ id: 4, type: 'pong' });
  });

  describe('to a client that does not read', () => {
    const value = Buffer.alloc(100_000, 'x');
    const versions = 300;

    /** Writes 30 MB while the client reads nothing; returns the revisions and the most that waited in the server's end. */
    const flood = async (client: WsClient, prefix: string): Promise<{ written: number[]; bufferedMax: number }> => {
      const [socket] = [...server.sockets].slice(-1);
      client.socket.pause();
      const written: number[] = [];
      let bufferedMax = 0;
      for (let at = 0; at < versions; at++) {
        value.writeUInt32BE(at);
        written.push(await put(`${prefix}${at % 3}`, Buffer.from(value)));
        bufferedMax = Math.max(bufferedMax, socket?.bufferedAmount ?? 0);
      }
      return { written, bufferedMax };
    };

    it('holds a bounded number of bytes, gives the watch back, and tells everything in order later', async () => {
      const client = await server.connect();
      await client.subscribe({ id: 1, topic: 'kv', prefix: '/slow/' });
      const other = await server.connect();
      await other.subscribe({ id: 1, topic: 'kv', prefix: '/slow/' });
      const openBefore = member.member.replica.hub.counts.open;
      const { written, bufferedMax } = await flood(client, '/slow/');
      expect(revisions(await other.changes(1, versions))).toEqual(written);
      expect(bufferedMax).toBeLessThan(1024 * 1024);
      await server.settled(() => member.member.replica.hub.counts.open === openBefore - 1);
      client.socket.resume();
      expect(revisions(await client.changes(1, versions))).toEqual(written);
    });

    it('collapses what waits to the newest version of each key, and never tells an older one after it', async () => {
      const client = await server.connect();
      await client.subscribe({ id: 1, topic: 'kv', prefix: '/slim/', mode: 'latest' });
      const { written, bufferedMax } = await flood(client, '/slim/');
      expect(bufferedMax).toBeLessThan(2 * 1024 * 1024);
      client.socket.resume();
      const changes = await client.changesUntil(1, (told) => told.at(-1)?.revision === String(written.at(-1)));
      expect(changes.length).toBeLessThan(versions);
      const newest = new Map<unknown, number>();
      for (const { key, revision } of changes) {
        expect(Number(revision)).toBeGreaterThan(newest.get(key['key']) ?? 0);
        newest.set(key['key'], Number(revision));
      }
      expect([...newest.values()].sort((a, b) => a - b)).toEqual(written.slice(-3));
    });

    it('resets it when history was compacted meanwhile', async () => {
      const client = await server.connect();
      await client.subscribe({ id: 1, topic: 'kv', prefix: '/lost/' });
      const openBefore = member.member.replica.hub.counts.open;
      const { written } = await flood(client, '/lost/');
      await server.settled(() => member.member.replica.hub.counts.open === openBefore - 1);
      await kv.compact({ revision: written.at(-1) as number });
      client.socket.resume();
      const told: number[] = [];
      let frame = await client.next();
      for (; frame.type === 'change'; frame = await client.next()) told.push(...revisions(frame['changes'] as ReceivedChange[]));
      expect(told).toEqual(written.slice(0, told.length));
      expect(frame).toMatchObject({ id: 1, type: 'reset' });
      const snapshot = await client.next();
      expect(snapshot).toMatchObject({ id: 1, type: 'snapshot' });
      expect((snapshot['items'] as { modRevision: string }[]).map(({ modRevision }) => Number(modRevision)).sort((a, b) => a - b)).toEqual(written.slice(-3));
    });
  });
});
