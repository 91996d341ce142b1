import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { GrpcCode } from '@quorate/api';
import { GrpcStatusError, services } from '@quorate/wire';
import { type MessageStream, type ServedMethod, streaming, unary } from '../etcd/method';
import { ask, LineStream, serveGateway, startTestMember, type TestMember, type TestServer } from './gateway-server.testing';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the JSON gateway over a member', () => {
  let member: TestMember;
  let server: TestServer;

  beforeAll(async () => {
    member = await startTestMember();
    server = await serveGateway(member.methods);
  });

  afterAll(async () => {
    await server.stop();
    await member.stop();
  });

  const post = async (path: string, body: object | string): Promise<{ status: number; json: Record<string, unknown> }> => {
    const { status, body: text } = await ask(server.url + path, typeof body === 'string' ? body : JSON.stringify(body));
    return { status, json: JSON.parse(text) as Record<string, unknown> };
  };

  test('puts, reads and deletes', async () => {
    await post('/v3/kv/put', { key: base64('a'), value: base64('1') });
    const range = await post('/v3/kv/range', { key: base64('a') });
    expect(range).toMatchObject({ status: 200, json: { kvs: [{ key: base64('a'), value: base64('1'), version: '1' }], count: '1' } });
    expect(await post('/v3beta/kv/range', { key: base64('a') })).toEqual(range);
    expect((await post('/v3/kv/deleterange', { key: base64('a') })).json).toMatchObject({ deleted: '1' });
  });

  test('answers with the headers of etcd', async () => {
    const { headers } = await ask(`${server.url}/v3/maintenance/status`, '{}');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'grpc-metadata-content-type': 'application/grpc' });
  });

  test('carries out transactions and leases', async () => {
    const key = base64('t');
    const txn = await post('/v3/kv/txn', {
      compare: [{ target: 'CREATE', result: 'EQUAL', key, createRevision: 0 }],
      success: [{ requestPut: { key, value: base64('x') } }], failure: [{ request_range: { key } }],
    });
    expect(txn.json).toMatchObject({ succeeded: true, responses: [{ response_put: { header: { revision: expect.any(String) as string } } }] });
    expect((await post('/v3/lease/grant', { TTL: 60, ID: 4711 })).json).toMatchObject({ ID: '4711', TTL: '60' });
    expect((await post('/v3/kv/lease/timetolive', { ID: '4711' })).json).toMatchObject({ ID: '4711', grantedTTL: '60' });
  });

  test('refuses with the code, text and status of etcd', async () => {
    expect(await post('/v3/kv/range', {})).toEqual({ status: 400, json: { code: 3, message: 'etcdserver: key is not provided' } });
    expect(await post('/v3/lease/revoke', { ID: 1 })).toEqual({ status: 404, json: { code: 5, message: 'etcdserver: requested lease not found' } });
    expect(await post('/v3/auth/enable', {})).toEqual({
      status: 501, json: { code: 12, message: 'unknown method AuthEnable for service etcdserverpb.Auth' },
    });
  });

  test.each(['{', '{"key":5}', '[]', '{"key":"*"}', '\xff\xfe'])('answers %j with 400 and code 3', async (body) => {
    expect(await post('/v3/kv/range', body)).toMatchObject({ status: 400, json: { code: 3 } });
  });

  test('knows paths and verbs as grpc-gateway does', async () => {
    expect(await post('/v3/kv/nope', {})).toEqual({ status: 404, json: { code: 5, message: 'Not Found' } });
    expect(await post('/v3/kv/range/', {})).toEqual({ status: 404, json: { code: 5, message: 'Not Found' } });
    const get = await ask(`${server.url}/v3/kv/range`);
    expect([get.status, JSON.parse(get.body)]).toEqual([501, { code: 12, message: 'Method Not Allowed' }]);
    const head = await ask(`${server.url}/v3/kv/range`, undefined, { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([501, '']);
    expect((await ask(`${server.url}/v3x/kv/range`, '{}')).body).toBe('not handled');
  });

  test('refuses a body that is too large, and lets its sender read so', async () => {
    const { status, body, headers } = await ask(`${server.url}/v3/kv/put`, JSON.stringify({ key: base64('a'), value: 'A'.repeat(4 * 1024 * 1024) }));
    expect([status, JSON.parse(body)]).toEqual([429, { code: 8, message: expect.stringMatching(/^grpc: received message larger than max \(\d+ vs\. \d+\)$/) as string }]);
    expect(headers.connection).toBe('close');
    expect(await post('/v3/kv/put', { key: base64('a'), value: base64('x'.repeat(1_600_000)) }))
      .toEqual({ status: 400, json: { code: 3, message: 'etcdserver: request is too large' } });
  });

  test('renews leases from several messages in one body, and ends', async () => {
    await post('/v3/lease/grant', { TTL: 60, ID: 77 });
    const { status, body } = await ask(`${server.url}/v3/lease/keepalive`, '{"ID":77} {"ID":"78"}\n{"ID":77}');
    expect(status).toBe(200);
    const ttls = body.trim().split('\n').map((line) => (JSON.parse(line) as { result: { ID: string; TTL?: string } }).result).map(({ ID, TTL }) => [ID, TTL]);
    expect(ttls).toEqual([['77', '60'], ['78', undefined], ['77', '60']]);
    expect(await ask(`${server.url}/v3/lease/keepalive`, '')).toMatchObject({ status: 200, body: '' });
  });

  test('answers while the request body goes on', async () => {
    await post('/v3/lease/grant', { TTL: 60, ID: 79 });
    const stream = await LineStream.open(`${server.url}/v3/lease/keepalive`, '{"ID":79}', true);
    expect(await stream.next()).toMatchObject({ result: { ID: '79', TTL: '60' } });
    stream.request.write('{"ID"');
    stream.request.write(':79}');
    expect(await stream.next()).toMatchObject({ result: { ID: '79', TTL: '60' } });
    stream.request.end();
    expect(await stream.next()).toBeUndefined();
  });

  test('watches on after the request body, until the caller goes', async () => {
    const stream = await LineStream.open(`${server.url}/v3/watch`, JSON.stringify({ create_request: { key: base64('w') } }));
    expect(await stream.next()).toMatchObject({ result: { created: true } });
    await post('/v3/kv/put', { key: base64('w'), value: base64('1') });
    expect(await stream.next()).toMatchObject({ result: { events: [{ kv: { key: base64('w'), value: base64('1') } }] } });
    await post('/v3/kv/deleterange', { key: base64('w') });
    expect(await stream.next()).toMatchObject({ result: { events: [{ type: 'DELETE', kv: { key: base64('w') } }] } });
    stream.close();
    await untilWatches(0);
  });

  test('ends a watch with the mistake in its later messages', async () => {
    const stream = await LineStream.open(`${server.url}/v3/watch`, '{"create_request":{"key":"dw=="}}', true);
    expect(await stream.next()).toMatchObject({ result: { created: true } });
    stream.request.write('{"create_request":5}');
    expect(await stream.next()).toMatchObject({ error: { code: 3 } });
    expect(await stream.next()).toBeUndefined();
    await untilWatches(0);
  });

  test('answers a stream that begins with a mistake by its status line', async () => {
    expect(await post('/v3/watch', '{"create_request":5}')).toMatchObject({ status: 400, json: { code: 3 } });
    expect(await post('/v3/watch', '{')).toMatchObject({ status: 400, json: { code: 3 } });
  });

  test('sends a snapshot line by line', async () => {
    const { status, body } = await ask(`${server.url}/v3/maintenance/snapshot`, '{}');
    const results = body.trim().split('\n').map((line) => (JSON.parse(line) as { result: { blob: string; remaining_bytes?: string } }).result);
    expect(status).toBe(200);
    expect(Buffer.from(results[0]?.blob ?? '', 'base64').subarray(0, 15).toString()).toBe('SQLite format 3');
    expect(Buffer.from(results.at(-1)?.blob ?? '', 'base64')).toHaveLength(32);
  });

  async function untilWatches(open: number): Promise<void> {
    while (member.member.replica.hub.counts.open !== open) await new Promise((resolve) => setImmediate(resolve));
  }
});

describe('the JSON gateway over methods of its own', () => {
  let server: TestServer;
  let opened: ((stream: MessageStream<unknown, unknown>) => void) = () => undefined;
  let handle: ServedMethod & { kind: 'unary' };

  beforeAll(async () => {
    handle = unary(services.KV.Range, async () => { throw new Error('replaced'); });
    server = await serveGateway([
      { ...handle, handle: (request, call) => handle.handle(request, call) },
      streaming(services.Lease.LeaseKeepAlive, (stream) => opened(stream as MessageStream<unknown, unknown>)),
    ], 200);
  });

  afterAll(() => server.stop());

  const handleWith = (run: typeof handle.handle): void => { handle = { ...handle, handle: run }; };

  test('hands metadata over', async () => {
    const seen: (string | undefined)[] = [];
    handleWith(async (_request, call) => {
      seen.push(call.metadata('hasleader'), call.metadata('token'), call.metadata('authorization'), call.metadata('other'));
      return { header: { clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 }, kvs: [], more: false, count: 0 };
    });
    await ask(`${server.url}/v3/kv/range`, '{"key":"YQ=="}', { headers: { 'Grpc-Metadata-HasLeader': 'true', Authorization: 'Bearer secret' } });
    expect(seen).toEqual(['true', 'secret', 'Bearer secret', undefined]);
  });

  test('tells a method when its caller has gone', async () => {
    const cancelled = new Promise<void>((resolve) => {
      handleWith((_request, call) => {
        call.onCancel(resolve);
        request.destroy();
        return new Promise(() => undefined);
      });
    });
    const request = http.request(`${server.url}/v3/kv/range`, { method: 'POST' });
    request.on('error', () => undefined);
    request.end('{}');
    await cancelled;
  });

  test('keeps the deadline that the caller gave', async () => {
    const cancelled = new Promise<void>((resolve) => {
      handleWith((_request, call) => {
        call.onCancel(resolve);
        return new Promise(() => undefined);
      });
    });
    const { status, body } = await ask(`${server.url}/v3/kv/range`, '{}', { headers: { 'Grpc-Timeout': '5m' } });
    expect([status, JSON.parse(body)]).toEqual([504, { code: 4, message: 'context deadline exceeded' }]);
    await cancelled;
  });

  test('ends a stream at the deadline and cancels it', async () => {
    const cancelled = new Promise<void>((resolve) => {
      opened = (stream): void => stream.onCancel(resolve);
    });
    const { status, body } = await ask(`${server.url}/v3/lease/keepalive`, '{}', { headers: { 'Grpc-Timeout': '5m' } });
    expect([status, JSON.parse(body)]).toEqual([504, { error: { code: 4, message: 'context deadline exceeded' } }]);
    await cancelled;
  });

  test('says by the status line that a stream failed before its first message, and by the last line after it', async () => {
    const failure = { code: GrpcCode.UNAVAILABLE, message: 'etcdserver: no leader' };
    opened = (stream): void => stream.onMessage(() => stream.end(failure));
    const early = await ask(`${server.url}/v3/lease/keepalive`, '{}');
    expect([early.status, JSON.parse(early.body)]).toEqual([503, { error: failure }]);
    opened = (stream): void => stream.onMessage(() => {
      stream.send({ header: { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 }, id: 1n, ttlSeconds: 2 });
      stream.end(failure);
    });
    const late = await ask(`${server.url}/v3/lease/keepalive`, '{}');
    expect([late.status, late.body.split('\n')[1]]).toEqual([200, JSON.stringify({ error: failure })]);
  });

  test('holds a stream back while its reader does not read, and lets it go on', async () => {
    const ready = new Promise<MessageStream<unknown, unknown>>((resolve) => {
      opened = (stream): void => stream.onMessage(() => resolve(stream));
    });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write('POST /v3/lease/keepalive HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}');
    const stream = await ready;
    const drained = new Promise<void>((resolve) => stream.onDrain(resolve));
    const message = { header: { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 }, id: 1n, ttlSeconds: 2 };
    while (stream.send(message));
    socket.resume();
    await drained;
    socket.destroy();
  });

  test('takes no more messages than it is ready for', async () => {
    const taken: unknown[] = [];
    let halfClosed = false;
    const ready = new Promise<MessageStream<unknown, unknown>>((resolve) => {
      opened = (stream): void => {
        stream.onMessage((message) => {
          taken.push(message);
          stream.pause();
          resolve(stream);
        });
        stream.onHalfClose(() => {
          halfClosed = true;
          stream.end();
        });
      };
    });
    const answer = ask(`${server.url}/v3/lease/keepalive`, '{"ID":1}{"ID":2}');
    const stream = await ready;
    expect([taken, halfClosed]).toEqual([[{ id: 1n }], false]);
    stream.resume();
    expect(taken).toEqual([{ id: 1n }, { id: 2n }]);
    stream.resume();
    expect((await answer).status).toBe(200);
    expect(halfClosed).toBe(true);
  });

  test('answers what nobody foresaw with 500 and code 2', async () => {
    handleWith(() => Promise.reject(new Error('boom')));
    expect(await ask(`${server.url}/v3/kv/range`, '{}')).toMatchObject({ status: 500, body: '{"code":2,"message":"boom"}' });
    handleWith(() => Promise.reject(new GrpcStatusError(GrpcCode.UNAUTHENTICATED, 'etcdserver: invalid auth token')));
    expect((await ask(`${server.url}/v3/kv/range`, '{}')).headers['www-authenticate']).toBe('etcdserver: invalid auth token');
  });

  test('gives up a body that stands still', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write('POST /v3/kv/range HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
    await once(socket, 'close');
  });

  test('serves HTTP/1.0, and 100-continue', async () => {
    handleWith(async () => ({ header: { clusterId: 0n, memberId: 0n, revision: 1, raftTerm: 0 }, kvs: [], more: false, count: 0 }));
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write('POST /v3/kv/range HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"header":\{"revision":"1"\}\}$/);
    const request = http.request(`${server.url}/v3/kv/range`, { method: 'POST', headers: { Expect: '100-continue' } });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('{}');
    const [response] = await once(request, 'response') as [http.IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
  });
});
