import { PlatformError } from '@quorate/api';
import { startTestMember, type TestMember } from '../gateway/gateway-server.testing';
import type { WsAccess } from './access';
import { Connections } from './connections';
import { ManualClock, WsServer } from './ws-server.testing';

describe('ops and frames of the WebSocket', () => {
  let member: TestMember;
  let server: WsServer;

  beforeAll(async () => {
    member = await startTestMember();
    server = await WsServer.start(member);
  });

  afterAll(async () => {
    await server?.stop();
    await member?.stop();
  });

  const errorOf = async (frame: unknown): Promise<{ id: number | null; code: string; field?: string }> => {
    const client = await server.connect();
    const answer = await client.sendBad(frame);
    expect(answer.type).toBe('error');
    const { code, field } = answer['error'] as { code: string; field?: string };
    client.socket.close();
    return { id: answer.id, code, ...(field !== undefined && { field }) };
  };

  it.each<[unknown, { id: number | null; code: string; field?: string }]>([
    [{ id: 7, op: 'claim' }, { id: 7, code: 'op_unknown', field: 'op' }],
    [{ id: 7, op: 'constructor' }, { id: 7, code: 'op_unknown', field: 'op' }],
    [{ op: 'ping' }, { id: null, code: 'frame_invalid', field: 'id' }],
    [{ id: '1', op: 'ping' }, { id: null, code: 'frame_invalid', field: 'id' }],
    [{ id: -1, op: 'ping' }, { id: null, code: 'frame_invalid', field: 'id' }],
    [{ id: 2 ** 53, op: 'ping' }, { id: null, code: 'frame_invalid', field: 'id' }],
    [{ id: 1 }, { id: 1, code: 'frame_invalid', field: 'op' }],
    [{ id: 1, op: 5 }, { id: 1, code: 'frame_invalid', field: 'op' }],
    [[], { id: null, code: 'frame_invalid' }],
    [null, { id: null, code: 'frame_invalid' }],
    ['ping', { id: null, code: 'frame_invalid' }],
    [{ id: 1, op: 'ping', extra: 1 }, { id: 1, code: 'field_unknown', field: 'extra' }],
    [{ id: 1, op: 'subscribe' }, { id: 1, code: 'field_required', field: 'topic' }],
    [{ id: 1, op: 'subscribe', topic: 3 }, { id: 1, code: 'field_invalid', field: 'topic' }],
    [{ id: 1, op: 'subscribe', topic: 'weather' }, { id: 1, code: 'topic_unknown', field: 'topic' }],
    [{ id: 1, op: 'subscribe', topic: 'kv' }, { id: 1, code: 'field_required', field: 'key' }],
    [{ id: 1, op: 'subscribe', topic: 'kv', key: 'a', prefix: 'a' }, { id: 1, code: 'field_invalid', field: 'prefix' }],
    [{ id: 1, op: 'subscribe', topic: 'kv', key: 'a', mode: 'some' }, { id: 1, code: 'field_invalid', field: 'mode' }],
    [{ id: 1, op: 'subscribe', topic: 'kv', key: 'a', afterRevision: 5 }, { id: 1, code: 'field_invalid', field: 'afterRevision' }],
    [{ id: 1, op: 'subscribe', topic: 'kv', key: 'a', afterRevision: '-1' }, { id: 1, code: 'field_invalid', field: 'afterRevision' }],
    [{ id: 1, op: 'subscribe', topic: 'kv', key: 'a', namespace: 'x' }, { id: 1, code: 'field_unknown', field: 'namespace' }],
    [{ id: 1, op: 'subscribe', topic: 'config', namespace: 'default', group: 'app' }, { id: 1, code: 'field_required', field: 'key' }],
    [{ id: 1, op: 'subscribe', topic: 'config', namespace: 'a/b', group: 'app', key: 'k' }, { id: 1, code: 'field_invalid', field: 'namespace' }],
    [{ id: 1, op: 'subscribe', topic: 'registry', namespace: 'default', service: '*x' }, { id: 1, code: 'field_invalid', field: 'service' }],
    [{ id: 1, op: 'unsubscribe' }, { id: 1, code: 'field_required', field: 'subscription' }],
    [{ id: 1, op: 'session', ttlSeconds: 0 }, { id: 1, code: 'field_invalid', field: 'ttlSeconds' }],
    [{ id: 1, op: 'session' }, { id: 1, code: 'field_required', field: 'ttlSeconds' }],
    [{ id: 1, op: 'session', session: '7', ttlSeconds: 10 }, { id: 1, code: 'field_invalid', field: 'session' }],
    [{ id: 1, op: 'auth', token: 'x' }, { id: 1, code: 'field_unknown', field: 'token' }],
  ])('refuses %j', async (frame, refusal) => {
    expect(await errorOf(frame)).toEqual(refusal);
  });

  it('goes on after frames that are no JSON, binary or too large', async () => {
    const client = await server.connect();
    expect(await client.sendRaw('{"id":1')).toMatchObject({ id: null, error: { code: 'frame_invalid' } });
    expect(await client.sendRaw('')).toMatchObject({ id: null, error: { code: 'frame_invalid' } });
    expect(await client.sendRaw(Buffer.from('{"id":1,"op":"ping"}'))).toMatchObject({ id: null, error: { code: 'frame_not_text' } });
    const large = JSON.stringify({ id: 1, op: 'ping', padding: 'x'.repeat(64 * 1024) });
    expect(await client.sendRaw(large)).toMatchObject({ id: null, error: { code: 'frame_too_large', outcome: 'not_applied' } });
    expect(await client.ask({ id: 2, op: 'ping' })).toEqual({ id: 2, type: 'pong' });
  });

  it('ends a socket whose frame is far too large, without reading it', async () => {
    const client = await server.connect();
    client.socket.send('x'.repeat(2 * 1024 * 1024));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('answers ops in the order in which they came', async () => {
    const client = await server.connect();
    client.send({ id: 1, op: 'subscribe', topic: 'kv', key: 'order' });
    client.send({ id: 2, op: 'unsubscribe', subscription: 1 });
    client.send({ id: 1, op: 'subscribe', topic: 'kv', key: 'order', afterRevision: '0' });
    client.send({ id: 1, op: 'subscribe', topic: 'kv', key: 'order' });
    client.send({ id: 3, op: 'unsubscribe', subscription: 9 });
    client.send({ id: 4, op: 'ping' });
    const answers = [];
    while (answers.length < 6) {
      const { type, error, id } = await client.next() as { type: string; id: number; error?: { code: string } };
      if (type !== 'snapshot') answers.push([id, error?.code ?? type]);
    }
    expect(answers).toEqual([[1, 'ok'], [2, 'ok'], [1, 'ok'], [1, 'subscription_exists'], [3, 'subscription_unknown'], [4, 'pong']]);
  });

  it('answers pings of the protocol', async () => {
    const client = await server.connect();
    const pong = new Promise((resolve) => { client.socket.once('pong', (data) => { resolve(data.toString()); }); });
    client.socket.ping('hello');
    expect(await pong).toBe('hello');
  });

  it('takes as many subscriptions as the limit says, and says so when there is one more', async () => {
    const client = await server.connect();
    for (let id = 1; id <= 1001; id++) client.send({ id, op: 'subscribe', topic: 'kv', key: `many/${id}` });
    const types = new Map<string, number>();
    let refusal;
    for (let count = 0; count < 2001; count++) {
      const frame = await client.next();
      types.set(frame.type, (types.get(frame.type) ?? 0) + 1);
      if (frame.type === 'error') refusal = frame;
    }
    expect(Object.fromEntries(types)).toEqual({ ok: 1000, snapshot: 1000, error: 1 });
    expect(refusal).toMatchObject({ id: 1001, error: { code: 'subscriptions_too_many' } });
    await server.kv.put({ key: 'many/500', value: Buffer.from('x') });
    expect(await client.changes(500, 1)).toMatchObject([{ op: 'put', value: { value: 'x' } }]);
    expect(member.member.replica.hub.counts.open).toBeGreaterThanOrEqual(1000);
    client.socket.close();
    await client.closed;
  });

  it('stops reading the frames of a client that does not read its answers', async () => {
    const client = await server.connect();
    client.socket.pause();
    const [socket] = [...server.sockets].slice(-1);
    const frames = 8000;
    const text = JSON.stringify({ id: 1, op: 'x'.repeat(2000) });
    let buffered = 0;
    for (let count = 1; count <= frames; count++) {
      client.socket.send(text);
      if (count % 50 !== 0) continue;
      await new Promise((resolve) => { setImmediate(resolve); });
      buffered = Math.max(buffered, socket?.bufferedAmount ?? 0);
    }
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    expect(buffered).toBeLessThan(1024 * 1024);
    client.socket.resume();
    for (let count = 0; count < frames; count++) expect((await client.next()).type).toBe('error');
  });

  it('leaves upgrades on other paths to others', async () => {
    await expect(server.connect({ at: '/v3/watch' })).rejects.toThrow('418');
    await expect(server.connect({ at: '/ws/v2' })).rejects.toThrow('418');
  });

  it('refuses foreign hosts, foreign pages and tokens in the URL', async () => {
    await expect(server.connect({ headers: { host: 'rebound.evil.com' } })).rejects.toThrow('421');
    await expect(server.connect({ origin: 'https://evil.com' })).rejects.toThrow('403');
    await expect(server.connect({ at: '/ws/v1?token=secret' })).rejects.toThrow('400');
    const client = await server.connect({ origin: `http://127.0.0.1:${server.port}` });
    expect(await client.ask({ id: 1, op: 'ping' })).toEqual({ id: 1, type: 'pong' });
  });

  it('forgets sockets that are closed, with what they watched', async () => {
    const connections = server.get(Connections);
    const before = { sockets: connections.size, watches: member.member.replica.hub.counts.open };
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'kv', prefix: '' });
    expect(connections.size).toBe(before.sockets + 1);
    client.socket.terminate();
    await client.closed;
    await server.settled(() => connections.size <= before.sockets && member.member.replica.hub.counts.open <= before.watches);
  });
});

describe('a WebSocket that needs credentials', () => {
  let member: TestMember;
  let server: WsServer;
  const clock = new ManualClock();
  const access: WsAccess = {
    credentialsRequired: true,
    authenticate: async (authorization) => {
      if (!authorization.startsWith('Bearer good-')) throw new PlatformError('unauthenticated');
      return { user: authorization.slice('Bearer good-'.length) };
    },
    permits: (principal, { action, resource }) => principal?.user === 'ann' && action === 'read' && resource.startsWith('kv/mine/'),
  };

  beforeAll(async () => {
    member = await startTestMember();
    server = await WsServer.start(member, { access, clock });
  });

  afterAll(async () => {
    await server?.stop();
    await member?.stop();
  });

  it('takes them from the upgrade', async () => {
    const client = await server.connect({ headers: { authorization: 'Bearer good-ann' } });
    expect(await client.subscribe({ id: 1, topic: 'kv', key: 'mine/a' })).toMatchObject({ type: 'snapshot' });
    expect(await client.ask({ id: 2, op: 'subscribe', topic: 'kv', key: 'theirs' })).toMatchObject({ id: 2, error: { code: 'permission_denied' } });
  });

  it('takes them from the first frame, and nothing before it', async () => {
    const client = await server.connect();
    expect(await client.ask({ id: 1, op: 'ping' })).toMatchObject({ id: 1, error: { code: 'unauthenticated' } });
    expect(await client.ask({ id: 2, op: 'auth', authorization: 'Bearer bad' })).toMatchObject({ id: 2, error: { code: 'unauthenticated' } });
    expect(await client.ask({ id: 3, op: 'auth', authorization: 'Bearer good-ann' })).toEqual({ id: 3, type: 'ok' });
    expect(await client.ask({ id: 4, op: 'ping' })).toEqual({ id: 4, type: 'pong' });
  });

  it('turns away who shows wrong ones or none in time', async () => {
    const wrong = await server.connect({ headers: { authorization: 'Bearer bad' } });
    expect(await wrong.next()).toMatchObject({ id: null, error: { code: 'unauthenticated' } });
    expect(await wrong.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
    const silent = await server.connect();
    clock.advance(5000);
    expect(await silent.next()).toMatchObject({ id: null, error: { code: 'unauthenticated' } });
    expect(await silent.closed).toMatchObject({ code: 1008 });
  });
});

describe('the life of a WebSocket', () => {
  let member: TestMember;

  beforeAll(async () => { member = await startTestMember(); });
  afterAll(async () => { await member?.stop(); });

  it('is over when the client gives no sign of life', async () => {
    const clock = new ManualClock();
    const server = await WsServer.start(member, { clock });
    const mute = await server.connect({ autoPong: false });
    const alive = await server.connect();
    for (let at = 0; at < 4; at++) {
      const pong = server.nextPong();
      clock.advance(15_000);
      await pong;
    }
    expect(await mute.closed).toMatchObject({ code: 1006 });
    expect(await alive.ask({ id: 1, op: 'ping' })).toMatchObject({ type: 'pong' });
    await server.stop();
  });

  it('ends with its subscriptions when the member stops', async () => {
    const own = await startTestMember();
    const server = await WsServer.start(own);
    const client = await server.connect();
    await client.subscribe({ id: 4, topic: 'kv', prefix: '' });
    await own.stop();
    expect(await client.next()).toMatchObject({ id: 4, type: 'error', error: { code: 'stopping' } });
    expect(await client.closed).toMatchObject({ code: 1001 });
    await server.stop();
  });

  it('ends with a goodbye when the server stops', async () => {
    const server = await WsServer.start(member);
    const client = await server.connect();
    await client.subscribe({ id: 1, topic: 'kv', prefix: '' });
    const [closed] = await Promise.all([client.closed, server.stopApp()]);
    expect(closed).toMatchObject({ code: 1001 });
    await server.stop();
  });
});
