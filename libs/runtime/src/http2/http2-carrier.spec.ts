import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import {
  Client, credentials, type ClientDuplexStream, Metadata, type MethodDefinition, type ServiceError, status, compressionAlgorithms,
} from '@grpc/grpc-js';
import { frameMessage, type GrpcCall, type GrpcHandlers, type GrpcStream, type Http2Limits } from '@quorate/wire';
import { Http2Carrier } from './http2-carrier';

const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** Calls that are under way or were cancelled, for the tests to look at. */
class Served {
  readonly streams: GrpcStream[] = [];
  cancelled = 0;
  private waiting: (() => void)[] = [];

  handlers(): GrpcHandlers {
    return {
      unary: new Map([
        ['/t.T/Echo', async (body: Buffer) => frameMessage(body)],
        ['/t.T/Fail', async () => { throw new Error('50% müll'); }],
        ['/t.T/Never', (_body: Buffer, call: GrpcCall) => new Promise<Buffer>(() => call.onCancel(() => this.onCancelled()))],
        ['/t.T/Token', async (_body: Buffer, call: GrpcCall) => frameMessage(Buffer.from(`${call.metadata('token')} ${call.metadata('x-bin')}`))],
        ['/t.T/Big', async (body: Buffer) => frameMessage(Buffer.alloc(Number(body.latin1Slice()), 'x'))],
      ]),
      streams: new Map([
        ['/t.T/Chat', (stream) => {
          this.streams.push(stream);
          stream.onMessage((body) => stream.send(frameMessage(body)));
          stream.onHalfClose(() => stream.end());
          stream.onCancel(() => this.onCancelled());
        }],
        // Goes on after the caller's last message: a client that cancels may half-close first.
        ['/t.T/Listen', (stream) => {
          stream.onMessage((body) => stream.send(frameMessage(body)));
          stream.onCancel(() => this.onCancelled());
        }],
        ['/t.T/Sum', (stream) => {
          let sum = 0;
          stream.onMessage((body) => { sum += body.length; });
          stream.onHalfClose(() => {
            stream.send(frameMessage(Buffer.from(String(sum))));
            stream.end();
          });
        }],
        ['/t.T/Count', (stream) => {
          let next = 0;
          const go = (): void => {
            while (next < 2000) if (!stream.send(frameMessage(Buffer.alloc(1000, next++ % 256)))) return;
            stream.end();
          };
          stream.onDrain(go);
          stream.onHalfClose(go);
        }],
      ]),
    };
  }

  /** Resolves when that many calls were cancelled in all. */
  async untilCancelled(count: number): Promise<void> {
    while (this.cancelled < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private onCancelled(): void {
    this.cancelled++;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const identity = (bytes: Buffer): Buffer => bytes;
const method = (path: string, streams = false): MethodDefinition<Buffer, Buffer> => ({
  path, requestStream: streams, responseStream: streams,
  requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity,
});

interface Harness {
  readonly port: number;
  readonly carrier: Http2Carrier;
  readonly served: Served;
  readonly sockets: Set<Socket>;
}

const cleanUps: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(limits: Partial<Http2Limits> = {}, tls?: { key: Buffer; cert: Buffer }): Promise<Harness> {
  const served = new Served();
  const carrier = new Http2Carrier({ handlers: served.handlers(), receiveBytesMax: MESSAGE_BYTES_MAX, limits });
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    carrier.accept(socket);
  };
  const server: Server = tls ? createTlsServer({ ...tls, ALPNProtocols: ['h2'] }) : createServer(accept);
  if (tls) server.on('secureConnection', accept);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  cleanUps.push(() => {
    carrier.destroy();
    return new Promise((resolve) => { server.close(() => resolve()); });
  });
  return { port: (server.address() as AddressInfo).port, carrier, served, sockets };
}

function grpcClient({ port }: Harness, channel = credentials.createInsecure(), options = {}): Client {
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.max_receive_message_length': -1, 'grpc.use_local_subchannel_pool': 1, ...options });
  cleanUps.push(() => client.close());
  return client;
}

function unary(client: Client, path: string, body: Buffer, metadata = new Metadata(), options = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, identity, identity, body, metadata, options, (error, answer) => (error ? reject(error) : resolve(answer as Buffer)));
  });
}

const failure = (call: Promise<unknown>): Promise<ServiceError> => call.then(() => { throw new Error('it did not fail'); }, (error: ServiceError) => error);

function chat(client: Client, path = '/t.T/Chat', options = {}): ClientDuplexStream<Buffer, Buffer> {
  const { requestSerialize, responseDeserialize } = method(path, true);
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), options);
}

/** All messages of a stream, and the code it ends with. */
function collect(stream: ClientDuplexStream<Buffer, Buffer>): Promise<{ messages: Buffer[]; code: number; details: string }> {
  return new Promise((resolve) => {
    const messages: Buffer[] = [];
    stream.on('data', (message: Buffer) => messages.push(message));
    stream.on('error', () => undefined);
    stream.on('status', ({ code, details }: { code: number; details: string }) => resolve({ messages, code, details }));
  });
}

describe('@grpc/grpc-js as the client', () => {
  test('unary calls: messages, metadata, errors, unknown methods', async () => {
    const client = grpcClient(await serve());
    const metadata = new Metadata();
    metadata.set('token', 'abc');
    metadata.set('x-bin', Buffer.from([0, 1]));
    expect(await unary(client, '/t.T/Echo', Buffer.from('hello'))).toEqual(Buffer.from('hello'));
    expect(await unary(client, '/t.T/Echo', Buffer.alloc(0))).toEqual(Buffer.alloc(0));
    expect((await unary(client, '/t.T/Token', Buffer.alloc(0), metadata)).toString()).toMatch(/^abc AAE=?$/);
    expect(await failure(unary(client, '/t.T/Fail', Buffer.alloc(0)))).toMatchObject({ code: status.UNKNOWN, details: '50% müll' });
    expect(await failure(unary(client, '/t.T/Nope', Buffer.alloc(0)))).toMatchObject({ code: status.UNIMPLEMENTED, details: 'unknown service t.T' });
  });

  test('1000 calls at once', async () => {
    const client = grpcClient(await serve());
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, at) => unary(client, '/t.T/Echo', Buffer.from(`call ${at}`))));
    expect(answers.map(String)).toEqual(Array.from({ length: 1000 }, (_, at) => `call ${at}`));
  });

  test('messages of megabytes, both ways, several at once', async () => {
    const harness = await serve();
    const client = grpcClient(harness);
    const bodies = Array.from({ length: 5 }, (_, at) => Buffer.alloc(1_500_000 + at, at));
    const answers = await Promise.all(bodies.map((body) => unary(client, '/t.T/Echo', body)));
    answers.forEach((answer, at) => expect(answer.equals(bodies[at] as Buffer)).toBe(true));
    expect(await failure(unary(client, '/t.T/Echo', Buffer.alloc(MESSAGE_BYTES_MAX + 1)))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED, details: `grpc: received message larger than max (${MESSAGE_BYTES_MAX + 1} vs. ${MESSAGE_BYTES_MAX})`,
    });
    expect((await unary(client, '/t.T/Big', Buffer.from('20000000'))).length).toBe(20_000_000);
  });

  test('compressed requests', async () => {
    const client = grpcClient(await serve(), credentials.createInsecure(), { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const body = Buffer.alloc(100_000, 'a');
    expect((await unary(client, '/t.T/Echo', body)).equals(body)).toBe(true);
    expect(await failure(unary(client, '/t.T/Echo', Buffer.alloc(MESSAGE_BYTES_MAX + 1)))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED, details: `grpc: received message after decompression larger than max ${MESSAGE_BYTES_MAX}`,
    });
  });

  test('streams in every direction', async () => {
    const client = grpcClient(await serve());
    const both = chat(client);
    const echoed = collect(both);
    for (let at = 0; at < 100; at++) both.write(Buffer.from(`m${at}`));
    both.end();
    expect(await echoed).toMatchObject({ code: status.OK, messages: Array.from({ length: 100 }, (_, at) => Buffer.from(`m${at}`)) });
    const many = chat(client, '/t.T/Sum');
    const summed = collect(many);
    for (let at = 0; at < 50; at++) many.write(Buffer.alloc(30_000));
    many.end();
    expect((await summed).messages.map(String)).toEqual(['1500000']);
    const counting = chat(client, '/t.T/Count');
    const counted = collect(counting);
    counting.end();
    const { messages, code } = await counted;
    expect(code).toBe(status.OK);
    expect(messages).toHaveLength(2000);
    expect(messages.every((message, at) => message.length === 1000 && message[999] === at % 256)).toBe(true);
  });

  test('cancellation and deadlines', async () => {
    const harness = await serve();
    const client = grpcClient(harness);
    const stream = chat(client, '/t.T/Listen');
    const ended = collect(stream);
    stream.write(Buffer.from('x'));
    await new Promise((resolve) => { stream.once('data', resolve); });
    stream.cancel();
    expect(await ended).toMatchObject({ code: status.CANCELLED });
    await harness.served.untilCancelled(1);
    expect(await failure(unary(client, '/t.T/Never', Buffer.alloc(0), new Metadata(), { deadline: Date.now() + 100 }))).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await harness.served.untilCancelled(2);
  });

  test('a connection that breaks cancels what is under way', async () => {
    const harness = await serve();
    const client = grpcClient(harness);
    const stream = chat(client);
    const ended = collect(stream);
    stream.write(Buffer.from('x'));
    await new Promise((resolve) => { stream.once('data', resolve); });
    for (const socket of harness.sockets) socket.destroy();
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    await harness.served.untilCancelled(1);
    expect(harness.carrier.counters).toMatchObject({ openConnections: 0, openStreams: 0 });
  });

  test('a server that closes lets calls end, and no more begin on the connection', async () => {
    const harness = await serve();
    const client = grpcClient(harness);
    const stream = chat(client);
    const ended = collect(stream);
    stream.write(Buffer.from('x'));
    await new Promise((resolve) => { stream.once('data', resolve); });
    const [socket] = harness.sockets;
    const closed = new Promise((resolve) => { socket?.once('close', resolve); });
    harness.carrier.close();
    stream.write(Buffer.from('y'));
    await new Promise((resolve) => { stream.once('data', resolve); });
    stream.end();
    expect(await ended).toMatchObject({ code: status.OK });
    await closed;
    expect(harness.carrier.counters.openConnections).toBe(0);
  });

  test('over TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'http2-carrier-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
      '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
    ], { stdio: 'ignore' });
    const [key, cert] = [readFileSync(join(folder, 'key.pem')), readFileSync(join(folder, 'cert.pem'))];
    const client = grpcClient(await serve({}, { key, cert }), credentials.createSsl(cert));
    const body = Buffer.alloc(2_000_000, 'b');
    expect((await unary(client, '/t.T/Echo', body)).equals(body)).toBe(true);
    expect(await Promise.all(Array.from({ length: 100 }, (_, at) => unary(client, '/t.T/Echo', Buffer.from(`${at}`)).then(String)))).toEqual(Array.from({ length: 100 }, (_, at) => `${at}`));
  });
});

describe('node:http2 as the client', () => {
  interface Answer { headers: Record<string, unknown>; trailers: Record<string, unknown>; body: Buffer }

  function session({ port }: Harness, options = {}): ClientHttp2Session {
    const opened = connectHttp2(`http://127.0.0.1:${port}`, options);
    opened.on('error', () => undefined);
    cleanUps.push(() => opened.destroy());
    return opened;
  }

  function post(client: ClientHttp2Session, headers: Record<string, string>, body: Buffer, options = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = client.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers }, options);
      const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
      stream.on('response', (seen) => { answer.headers = seen; });
      stream.on('trailers', (seen) => { answer.trailers = seen; });
      stream.on('data', (chunk: Buffer) => { answer.body = Buffer.concat([answer.body, chunk]); });
      stream.on('error', reject);
      stream.on('close', () => resolve(answer));
      stream.end(body);
    });
  }

  test('calls with padding, small windows and small tables', async () => {
    const harness = await serve();
    const body = frameMessage(Buffer.alloc(100_000, 'c'));
    for (const options of [
      { paddingStrategy: constants.PADDING_STRATEGY_MAX }, { settings: { initialWindowSize: 1000 } }, { settings: { headerTableSize: 0 } },
      { settings: { maxFrameSize: 1_000_000 } }, { settings: { headerTableSize: 60, initialWindowSize: 100_000 } },
    ]) {
      const client = session(harness, options);
      for (let round = 0; round < 3; round++) {
        const answer = await post(client, { ':path': '/t.T/Echo', [`x-${round}`]: 'y'.repeat(round * 10) }, body);
        expect(answer.body.equals(body)).toBe(true);
        expect(answer).toMatchObject({ headers: { ':status': 200, 'content-type': 'application/grpc' }, trailers: { 'grpc-status': '0' } });
      }
    }
  });

  test('long headers, in continuations, and ones that are too long', async () => {
    const client = session(await serve());
    const answer = await post(client, { ':path': '/t.T/Token', token: 't'.repeat(40_000) }, frameMessage(Buffer.alloc(0)));
    expect(answer.body.length).toBe(5 + 40_000 + ' undefined'.length);
    await expect(post(client, { ':path': '/t.T/Token', token: 't'.repeat(80_000) }, frameMessage(Buffer.alloc(0)))).rejects.toThrow();
    expect((await post(client, { ':path': '/t.T/Echo' }, frameMessage(Buffer.alloc(0)))).trailers).toMatchObject({ 'grpc-status': '0' });
  });

  test('what is no gRPC', async () => {
    const client = session(await serve());
    const answer = await post(client, { ':path': '/health', 'content-type': 'application/json' }, Buffer.from('{}'));
    expect(answer.headers[':status']).toBe(415);
    expect(answer.body.toString()).toContain('gRPC');
    expect((await post(client, { ':path': '/t.T/Echo', ':method': 'PUT' }, Buffer.alloc(0))).headers[':status']).toBe(405);
  });

  test('pings are answered, and too many end the connection', async () => {
    const client = session(await serve());
    await new Promise((resolve) => { client.once('remoteSettings', resolve); });
    const gone = new Promise<[number, string]>((resolve) => { client.once('goaway', (code: number, _last: number, text: Buffer) => resolve([code, text.toString()])); });
    expect(await new Promise((resolve) => { client.ping(Buffer.from('12345678'), (_error, _ms, payload) => resolve(payload.toString())); })).toBe('12345678');
    for (let count = 0; count < 3; count++) client.ping(() => undefined);
    expect(await gone).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too_many_pings']);
  });
});

describe('a bare socket as the client', () => {
  function closedOf({ port }: Harness, bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const received: Buffer[] = [];
      const socket = connect(port, '127.0.0.1', () => { socket.write(bytes); });
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(received)));
      cleanUps.push(() => { socket.destroy(); });
    });
  }

  test('that says nothing is closed', async () => {
    const harness = await serve({ handshakeTimeoutMs: 50 });
    await closedOf(harness, Buffer.from('PRI * HTTP/2.0\r\n'));
    expect(harness.carrier.counters).toMatchObject({ handshakeTimeouts: 1, openConnections: 0 });
  });

  test('that speaks something else is told so', async () => {
    const harness = await serve();
    const received = await closedOf(harness, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(received.latin1Slice()).toContain('no HTTP/2 preface');
    expect(harness.carrier.counters.protocolErrors).toBe(1);
  });

  test('that is half open is found out by a ping', async () => {
    const harness = await serve({ keepAliveIntervalMs: 60, keepAliveTimeoutMs: 60 });
    const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
    const received = await closedOf(harness, preface);
    expect(received.latin1Slice()).toContain('are you?');
    expect(harness.carrier.counters).toMatchObject({ keepAliveTimeouts: 1, openConnections: 0 });
  });

  test('that asks for much and reads nothing holds little, and is given up', async () => {
    const harness = await serve({ writeStallTimeoutMs: 100, unwrittenBytesMax: 100_000 });
    const encoder = (name: string, value: string): Buffer => Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
    const block = Buffer.concat([Buffer.of(0x83, 0x86), encoder(':path', '/t.T/Big'), encoder('content-type', 'application/grpc')]);
    const body = frameMessage(Buffer.from('50000000'));
    const header = (length: number, type: number, flags: number, id: number): Buffer => Buffer.of(0, 0, length, type, flags, 0, 0, 0, id);
    const socket = connect(harness.port, '127.0.0.1');
    socket.on('error', () => undefined);
    cleanUps.push(() => { socket.destroy(); });
    // Windows as large as there are, and nobody who reads.
    socket.write(Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), header(6, 4, 0, 0), Buffer.of(0, 4, 0x7f, 0xff, 0xff, 0xff),
      header(4, 8, 0, 0), Buffer.of(0x7f, 0, 0, 0), header(block.length, 1, 4, 1), block, header(body.length, 0, 1, 1), body,
    ]));
    await new Promise((resolve) => { socket.once('connect', resolve); });
    while (harness.sockets.size === 0) await new Promise((resolve) => { setImmediate(resolve); });
    const [accepted] = harness.sockets;
    let waitingMax = 0;
    const gone = new Promise((resolve) => { accepted?.once('close', resolve); });
    const watch = setInterval(() => { waitingMax = Math.max(waitingMax, accepted?.writableLength ?? 0); }, 5);
    await gone;
    clearInterval(watch);
    expect(waitingMax).toBeGreaterThan(0);
    expect(waitingMax).toBeLessThan(200_000);
    expect(harness.carrier.counters).toMatchObject({ writeStalls: 1, openConnections: 0, openStreams: 0 });
  });
});
