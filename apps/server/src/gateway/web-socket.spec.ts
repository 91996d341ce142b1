import { once } from 'node:events';
import { GrpcCode } from '@quorate/api';
import { services } from '@quorate/wire';
import WebSocket, { type RawData } from 'ws';
import { type MessageStream, streaming, unary } from '../etcd/method';
import { ask, serveGateway, startTestMember, type TestMember, type TestServer } from './gateway-server.testing';

/** Frames as they come; `undefined` once the socket is closed. */
class FrameReader {
  private readonly frames: string[] = [];
  private wake: (() => void) | undefined;
  private closed = false;

  constructor(readonly webSocket: WebSocket) {
    webSocket.on('error', () => undefined);
    webSocket.on('message', (data: RawData) => {
      this.frames.push((data as Buffer).toString());
      this.wake?.();
    });
    webSocket.on('close', () => {
      this.closed = true;
      this.wake?.();
    });
  }

  async next(): Promise<unknown> {
    while (this.frames.length === 0 && !this.closed) await new Promise<void>((resolve) => { this.wake = resolve; });
    const frame = this.frames.shift();
    return frame === undefined ? undefined : JSON.parse(frame);
  }
}

describe('the gateway over WebSocket', () => {
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

  const open = async (path: string): Promise<FrameReader> => {
    const reader = new FrameReader(new WebSocket(server.url.replace('http', 'ws') + path));
    await once(reader.webSocket, 'open');
    return reader;
  };

  test('watches, one frame per message each way', async () => {
    const reader = await open('/v3/watch');
    reader.webSocket.send('{"create_request":{"key":"d3M="}}');
    expect(await reader.next()).toMatchObject({ result: { created: true } });
    await ask(`${server.url}/v3/kv/put`, '{"key":"d3M=","value":"MQ=="}');
    expect(await reader.next()).toMatchObject({ result: { events: [{ kv: { key: 'd3M=', value: 'MQ==' } }] } });
    reader.webSocket.send(Buffer.from('{"cancel_request":{"watch_id":0}}'));
    expect(await reader.next()).toMatchObject({ result: { canceled: true } });
    reader.webSocket.close();
    while (member.member.replica.hub.counts.open !== 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('serves unary methods too, and closes', async () => {
    const reader = await open('/v3/kv/range');
    reader.webSocket.send('{"key":""}');
    expect(await reader.next()).toEqual({ code: 3, message: 'etcdserver: key is not provided' });
    expect(await reader.next()).toBeUndefined();
  });

  test('tells in a frame what it does not know', async () => {
    const reader = await open('/v3/nope');
    expect(await reader.next()).toEqual({ code: 5, message: 'Not Found' });
    expect(await reader.next()).toBeUndefined();
  });

  test('ends a stream whose message it cannot read', async () => {
    const reader = await open('/v3/watch');
    reader.webSocket.send('{"create_request":1}');
    expect(await reader.next()).toMatchObject({ error: { code: 3 } });
    expect(await reader.next()).toBeUndefined();
  });

  test('closes on a message that is too large', async () => {
    const reader = await open('/v3/kv/put');
    const closed = once(reader.webSocket, 'close');
    reader.webSocket.send('x'.repeat(4 * 1024 * 1024));
    expect((await closed)[0]).toBe(1009);
  });

  test('leaves other paths alone', async () => {
    const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/v1`);
    await once(webSocket, 'error');
  });

  test('holds a stream back while its reader does not read, and takes the token from the subprotocol', async () => {
    const message = { header: { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 }, id: 1n, ttlSeconds: 2 };
    let opened: (stream: MessageStream<unknown, unknown>) => void = () => undefined;
    const ready = new Promise<MessageStream<unknown, unknown>>((resolve) => { opened = resolve; });
    const own = await serveGateway([
      streaming(services.Lease.LeaseKeepAlive, (stream) => {
        stream.onMessage(() => opened(stream as MessageStream<unknown, unknown>));
      }),
      unary(services.KV.Range, () => Promise.reject(new Error('not asked'))),
    ]);
    const webSocket = new WebSocket(`${own.url.replace('http', 'ws')}/v3/lease/keepalive`, ['Bearer', 'secret']);
    await once(webSocket, 'open');
    expect(webSocket.protocol).toBe('Bearer');
    webSocket.pause();
    webSocket.send('{}');
    const stream = await ready;
    expect(stream.metadata('token')).toBe('secret');
    const drained = new Promise<void>((resolve) => stream.onDrain(resolve));
    while (stream.send(message));
    webSocket.resume();
    await drained;
    stream.end({ code: GrpcCode.UNAVAILABLE, message: 'gone' });
    await once(webSocket, 'close');
    await own.stop();
  });
});
