import { gzipSync } from 'node:zlib';
import { ApiError, GrpcCode } from '@quorate/api';
import type { GrpcCall, GrpcStream, UnaryHandler } from '../grpc/handler';
import { frameMessage } from '../grpc/message-reader';
import { data, message, request, reset, settled, TestPeer, windowUpdate } from './peer.testing';
import { FrameFlag, FrameType, SettingId } from './protocol.table';

const END = FrameFlag.END_HEADERS | FrameFlag.END_STREAM;
const HEADERS = ':status=200 content-type=application/grpc';

function unary(handler: UnaryHandler): TestPeer {
  return new TestPeer({ unary: new Map([['/t.T/M', handler]]) }).greet();
}

/** A stream handler that leaves its stream to the test. */
function streaming(limits = {}): { client: TestPeer; stream: () => GrpcStream } {
  let opened: GrpcStream | undefined;
  const client = new TestPeer({ streams: new Map([['/t.T/S', (stream) => { opened = stream; }]]) }, limits).greet();
  return {
    client,
    stream: () => {
      if (opened === undefined) throw new Error('no stream was opened');
      return opened;
    },
  };
}

describe('a unary call', () => {
  test('is answered with headers, message and trailers', async () => {
    const client = unary(async (body) => message(`<${body.latin1Slice()}>`));
    client.send(client.call(1, '/t.T/M', 'abc'));
    await settled();
    expect(client.answers()).toEqual([`1 ${HEADERS}`, '1 data "\\u0000\\u0000\\u0000\\u0000\\u0005<abc>"', '1 grpc-status=0 END']);
    expect(client.server.counters).toMatchObject({ streams: 1, openStreams: 0 });
    client.send(client.call(3, '/t.T/M', 'd'));
    await settled();
    // The second time, headers and trailers are a byte per field.
    expect(client.frames().map(({ payload }) => payload.length)).toEqual([2, 8, 1]);
  });

  test('takes its message in any pieces, cut anywhere', async () => {
    const client = unary(async (body) => message(Buffer.from(body)));
    const bytes = client.call(1, '/t.T/M', 'x'.repeat(300));
    for (const byte of bytes) client.send(Buffer.of(byte));
    await settled();
    expect(client.answers()).toEqual([`1 ${HEADERS}`, '1 data 305', '1 grpc-status=0 END']);
    const whole = message('abcdef');
    client.send(client.headers(3, request('/t.T/M')), ...[...whole].map((byte) => data(3, Buffer.of(byte))), data(3, Buffer.alloc(0), true));
    await settled();
    expect(client.answers()[1]).toBe('3 data "\\u0000\\u0000\\u0000\\u0000\\u0006abcdef"');
  });

  test('fails with trailers only', async () => {
    const client = unary(async () => { throw new ApiError('key_empty'); });
    client.send(client.call(1, '/t.T/M', ''));
    await settled();
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=3 grpc-message=etcdserver: key is not provided END`]);
  });

  test('fails with a message of any text', async () => {
    const client = unary(() => { throw new Error('50% müll\n'); });
    client.send(client.call(1, '/t.T/M', ''));
    await settled();
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=2 grpc-message=50%25 m%C3%BCll%0A END`]);
  });

  test('fails with a message that needs several frames, or none for a client that takes no long headers', async () => {
    const client = unary(async () => { throw new Error('!'.repeat(40_000)); });
    client.send(client.call(1, '/t.T/M', ''));
    await settled();
    const seen = client.connection.takeOutput(0);
    const types = [];
    const bytes = Buffer.concat(seen.map(({ buffer, length }) => buffer.subarray(0, length)));
    for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push([bytes[at + 3], bytes[at + 4]]);
    expect(types).toEqual([[FrameType.HEADERS, FrameFlag.END_STREAM], [FrameType.CONTINUATION, 0], [FrameType.CONTINUATION, FrameFlag.END_HEADERS]]);
    const modest = unary(async () => { throw new Error('!'.repeat(400)); });
    modest.send(Buffer.concat([Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, SettingId.MAX_HEADER_LIST_SIZE]), Buffer.from([0, 0, 1, 0])]), modest.call(1, '/t.T/M', ''));
    await settled();
    expect(modest.answers()).toEqual([`1 ${HEADERS} grpc-status=2 END`]);
  });

  test('has its metadata, and the address of its caller', async () => {
    let call: GrpcCall | undefined;
    const client = unary(async (_body, seen) => {
      call = seen;
      return message('');
    });
    client.send(client.call(1, '/t.T/M', '', { token: 'abc', 'x-bin': 'AAE' }));
    expect([call?.metadata('token'), call?.metadata('x-bin'), call?.metadata('nothing'), call?.peer]).toEqual(['abc', 'AAE', undefined, 'peer']);
  });

  test('hears that its caller has cancelled, once', async () => {
    const cancelled = jest.fn();
    const client = unary((_body, call) => {
      call.onCancel(cancelled);
      return new Promise(() => undefined);
    });
    client.send(client.call(1, '/t.T/M', ''), reset(1), reset(1));
    client.connection.lost();
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(client.server.counters).toMatchObject({ resets: 1, openStreams: 0, openConnections: 0 });
  });

  test('hears that the connection is gone', () => {
    const cancelled = jest.fn(() => { throw new Error('the listener\'s own trouble'); });
    const client = unary((_body, call) => {
      call.onCancel(cancelled);
      return new Promise(() => undefined);
    });
    client.send(client.call(1, '/t.T/M', ''), client.call(3, '/t.T/M', ''));
    client.connection.lost();
    expect(cancelled).toHaveBeenCalledTimes(2);
  });

  test('says nothing after its caller has cancelled', async () => {
    let answer: ((frame: Buffer) => void) | undefined;
    const client = unary(() => new Promise((resolve) => { answer = resolve; }));
    client.send(client.call(1, '/t.T/M', ''), reset(1));
    answer?.(message('late'));
    await settled();
    expect(client.answers()).toEqual([]);
  });

  test('needs a message, a whole one, not too large, and of a known form', async () => {
    const handler = jest.fn(async () => message(''));
    const client = unary(handler);
    client.send(
      client.headers(1, request('/t.T/M'), END),
      client.headers(3, request('/t.T/M')), data(3, Buffer.of(0, 0, 0, 0, 9, 1), true),
      client.headers(5, request('/t.T/M')), data(5, Buffer.of(0, 0, 0, 4, 0)),
      client.headers(7, request('/t.T/M')), data(7, Buffer.of(2, 0, 0, 0, 0), true),
      client.headers(9, request('/t.T/M')), data(9, Buffer.of(1, 0, 0, 0, 0), true),
    );
    await settled();
    expect(client.answers()).toEqual([
      `1 ${HEADERS} grpc-status=2 grpc-message=EOF END`,
      `3 ${HEADERS} grpc-status=2 grpc-message=unexpected EOF END`,
      `5 ${HEADERS} grpc-status=8 grpc-message=grpc: received message larger than max (1024 vs. 1000) END`, '5 reset 0',
      `7 ${HEADERS} grpc-status=13 grpc-message=grpc: received unexpected payload format 2 END`,
      `9 ${HEADERS} grpc-status=13 grpc-message=grpc: compressed flag set with identity or empty encoding END`,
    ]);
    expect(handler).not.toHaveBeenCalled();
  });

  test('may be compressed', async () => {
    const client = unary(async (body) => message(Buffer.from(body)));
    const packed = frameMessage(gzipSync('hello'), true);
    client.send(client.headers(1, request('/t.T/M', { 'grpc-encoding': 'gzip' })), data(1, packed, true));
    client.send(client.headers(3, request('/t.T/M', { 'grpc-encoding': 'gzip' })), data(3, message('plain'), true));
    client.send(client.headers(5, request('/t.T/M', { 'grpc-encoding': 'gzip' })), data(5, frameMessage(Buffer.from('no gzip'), true), true));
    await settled();
    const answers = client.answers();
    expect(answers).toContain('1 data "\\u0000\\u0000\\u0000\\u0000\\u0005hello"');
    expect(answers).toContain('3 data "\\u0000\\u0000\\u0000\\u0000\\u0005plain"');
    expect(answers.find((answer) => answer.startsWith('5'))).toContain('grpc-status=2');
  });
});

describe('what is answered without a handler', () => {
  const TEXT = 'This port serves gRPC over HTTP/2; everything else over HTTP/1.1.\n';

  test.each<[string, Record<string, string>, string]>([
    ['an unknown service', request('/foo.Bar/Baz'), `${HEADERS} grpc-status=12 grpc-message=unknown service foo.Bar`],
    ['an unknown method', request('/etcdserverpb.KV/Nope'), `${HEADERS} grpc-status=12 grpc-message=unknown method Nope for service etcdserverpb.KV`],
    ['a path that is none', request('nope'), `${HEADERS} grpc-status=12 grpc-message=malformed method name: "nope"`],
    ['a GET', { ...request('/t.T/M'), ':method': 'GET' }, ':status=405 content-type=application/grpc grpc-status=13 grpc-message=Received a HEADERS frame with :method "GET" which should be POST'],
    ['a timeout that is none', request('/t.T/M', { 'grpc-timeout': '5x' }), ':status=400 content-type=application/grpc grpc-status=13 grpc-message=malformed grpc-timeout: transport: timeout unit is not recognized: "5x"'],
    ['a timeout of nothing', request('/t.T/M', { 'grpc-timeout': '0S' }), `${HEADERS} grpc-status=4 grpc-message=context deadline exceeded`],
    ['binary metadata that is no base64', request('/t.T/M', { 'x-bin': 'a*' }), ':status=400 content-type=application/grpc grpc-status=13 grpc-message=malformed binary metadata "a*" in header "x-bin": illegal base64 data'],
    ['another compression', request('/t.T/M', { 'grpc-encoding': 'br' }), `${HEADERS} grpc-status=12 grpc-message=grpc: Decompressor is not installed for grpc-encoding "br" grpc-accept-encoding=identity,gzip`],
  ])('%s', (_name, fields, answer) => {
    const client = unary(async () => message(''));
    client.send(client.headers(1, fields), client.headers(3, fields, END));
    expect(client.answers()).toEqual([`1 ${answer} END`, '1 reset 0', `3 ${answer} END`]);
    // Its message was on its way.
    client.send(data(1, message('x'), true));
    expect(client.answers()).toEqual([]);
    expect(client.connection.end).toBeUndefined();
  });

  test.each(['text/plain', 'application/grpcx', 'application/grp', ''])('content of type %j', (contentType) => {
    const client = unary(async () => message(''));
    const fields = request('/t.T/M', { 'content-type': contentType });
    client.send(client.headers(1, fields), data(1, Buffer.from('{}')));
    expect(client.answers()).toEqual([]);
    client.send(data(1, Buffer.from('{}'), true));
    expect(client.answers()).toEqual([
      '1 :status=415 content-type=text/plain; charset=utf-8', `1 data ${TEXT.length}`,
      `1 grpc-status=3 grpc-message=invalid gRPC request content-type ${JSON.stringify(contentType)} END`,
    ]);
    // A body without an end, and one that must have none.
    client.send(client.headers(3, fields), ...Array.from({ length: 5 }, () => data(3, Buffer.alloc(16_000))), client.headers(5, { ...fields, ':method': 'HEAD' }, END));
    const further = client.answers();
    expect(further).toContain('3 reset 0');
    expect(further.filter((answer) => answer.startsWith('5'))).toHaveLength(1);
    expect(client.connection.streamCount).toBe(0);
  });

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])('but not content of type %s', async (contentType) => {
    const client = unary(async () => message(''));
    client.send(client.headers(1, request('/t.T/M', { 'content-type': contentType })), data(1, message(''), true));
    await settled();
    expect(client.answers()).toContain('1 grpc-status=0 END');
  });
});

describe('a stream', () => {
  test('goes both ways, and ends with a status', () => {
    const { client, stream } = streaming();
    const seen: string[] = [];
    client.send(client.headers(1, request('/t.T/S')));
    stream().onMessage((body) => { seen.push(body.latin1Slice()); });
    stream().onHalfClose(() => { seen.push('half-closed'); });
    client.send(data(1, Buffer.concat([message('a'), message('b'), message('c').subarray(0, 3)])));
    client.send(data(1, message('c').subarray(3)), data(1, Buffer.alloc(0), true));
    expect(seen).toEqual(['a', 'b', 'c', 'half-closed']);
    expect(stream().send(message('1'))).toBe(true);
    stream().send(message('2'));
    stream().end({ code: GrpcCode.UNAVAILABLE, message: 'bye' });
    stream().end();
    expect(stream().send(message('3'))).toBe(true);
    expect(client.answers()).toEqual([
      `1 ${HEADERS}`, '1 data "\\u0000\\u0000\\u0000\\u0000\\u00011"', '1 data "\\u0000\\u0000\\u0000\\u0000\\u00012"', '1 grpc-status=14 grpc-message=bye END',
    ]);
  });

  test('that is ended while its caller still sends is reset after the trailers', () => {
    const { client, stream } = streaming();
    client.send(client.headers(1, request('/t.T/S')));
    stream().end();
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=0 END`, '1 reset 0']);
  });

  test('whose handler throws ends with an error', () => {
    const client = new TestPeer({
      streams: new Map([
        ['/t.T/A', (): void => { throw new Error('a'); }],
        ['/t.T/B', (stream: GrpcStream): void => stream.onMessage(() => { throw new Error('b'); })],
      ]),
    }).greet();
    client.send(client.headers(1, request('/t.T/A'), END), client.call(3, '/t.T/B', 'x'));
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=2 grpc-message=a END`, `3 ${HEADERS} grpc-status=2 grpc-message=b END`]);
  });

  test('that ends within a message ends with an error', () => {
    const { client, stream } = streaming();
    const told: string[] = [];
    client.send(client.headers(1, request('/t.T/S')));
    stream().onHalfClose(() => { told.push('half-closed'); });
    stream().onCancel(() => { told.push('cancelled'); });
    client.send(data(1, Buffer.of(0, 0, 0, 0, 9, 1), true));
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=13 grpc-message=unexpected EOF END`]);
    expect(told).toEqual(['cancelled']);
  });

  test('that is paused gets no messages and no credit', () => {
    const { client, stream } = streaming({ streamWindowBytes: 1000 });
    const seen: string[] = [];
    client.send(client.headers(1, request('/t.T/S')));
    stream().onMessage((body) => {
      seen.push(body.latin1Slice(0, 1));
      stream().pause();
    });
    stream().onHalfClose(() => { seen.push('half-closed'); });
    const body = (letter: string): Buffer => message(letter.repeat(200));
    client.send(data(1, Buffer.concat([body('a'), body('b'), body('c')])), data(1, body('d')));
    expect(seen).toEqual(['a']);
    expect(client.frames().filter(({ type }) => type === FrameType.WINDOW_UPDATE)).toEqual([]);
    stream().resume();
    expect(seen).toEqual(['a', 'b']);
    stream().resume();
    expect(client.frames().filter(({ type }) => type === FrameType.WINDOW_UPDATE).map(({ payload }) => payload.readUInt32BE())).toEqual([615]);
    client.send(data(1, Buffer.alloc(0), true));
    expect(seen).toEqual(['a', 'b', 'c']);
    stream().resume();
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    stream().resume();
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'half-closed']);
  });

  test('gets credit for a message larger than its window', async () => {
    const client = new TestPeer({ unary: new Map([['/t.T/M', async (body) => message(`${body.length}`)]]) }, { streamWindowBytes: 1000 }, 100_000).greet();
    const body = message(Buffer.alloc(50_000, 1));
    client.send(client.headers(1, request('/t.T/M')));
    let window = 1000;
    for (let at = 0; at < body.length;) {
      const end = Math.min(at + window, body.length);
      window -= end - at;
      client.send(data(1, body.subarray(at, end), end === body.length));
      at = end;
      for (const { type, id, payload } of client.frames()) if (type === FrameType.WINDOW_UPDATE && id === 1) window += payload.readUInt32BE();
    }
    await settled();
    expect(client.answers()).toContain('1 data "\\u0000\\u0000\\u0000\\u0000\\u000550000"');
  });

  test('keeps no order of its own with compressed messages', async () => {
    const { client, stream } = streaming();
    const seen: string[] = [];
    client.send(client.headers(1, request('/t.T/S', { 'grpc-encoding': 'gzip' })));
    stream().onMessage((body) => { seen.push(body.latin1Slice()); });
    stream().onHalfClose(() => { seen.push('half-closed'); });
    client.send(data(1, Buffer.concat([frameMessage(gzipSync('one'), true), message('two'), frameMessage(gzipSync('three'), true)])), data(1, message('four'), true));
    await settled();
    expect(seen).toEqual(['one', 'two', 'three', 'four', 'half-closed']);
  });
});

describe('a deadline', () => {
  test('ends the call with a status, and cancels it', () => {
    const cancelled = jest.fn();
    const client = unary((_body, call) => {
      call.onCancel(cancelled);
      return new Promise(() => undefined);
    });
    client.send(client.call(1, '/t.T/M', '', { 'grpc-timeout': '50m' }));
    client.server.deadlines.advance(client.nowMs + 49);
    expect(client.answers()).toEqual([]);
    client.server.deadlines.advance(client.nowMs + 61);
    expect(client.answers()).toEqual([`1 ${HEADERS} grpc-status=4 grpc-message=context deadline exceeded END`]);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(client.server.counters.deadlinesExceeded).toBe(1);
    expect(client.server.deadlines.size).toBe(0);
  });

  test('resets a call whose data waits for the window', () => {
    const { client, stream } = streaming();
    client.send(Buffer.concat([client.headers(1, request('/t.T/S', { 'grpc-timeout': '1S' }))]));
    stream().send(message(Buffer.alloc(100_000)));
    client.frames();
    client.server.deadlines.advance(client.nowMs + 1100);
    expect(client.answers()).toEqual(['1 reset 8']);
    expect(client.connection.streamCount).toBe(0);
  });

  test('of a call that has ended is forgotten', async () => {
    const client = unary(async () => message(''));
    client.send(client.call(1, '/t.T/M', '', { 'grpc-timeout': '1H' }), client.call(3, '/t.T/M', '', { 'grpc-timeout': '1n' }));
    await settled();
    expect(client.server.deadlines.size).toBe(0);
    expect(client.server.deadlines.nextMs).toBeLessThan(Infinity);
    client.server.deadlines.advance(client.nowMs + 5000);
    expect(client.server.counters.deadlinesExceeded).toBe(0);
  });
});

describe('sending', () => {
  test('keeps to the windows of stream and connection, and to the frame size', () => {
    const { client, stream } = streaming();
    const drained = jest.fn();
    client.send(client.headers(1, request('/t.T/S')));
    stream().onDrain(drained);
    const body = Buffer.alloc(200_000, 'x');
    expect(stream().send(message(body))).toBe(false);
    const dataBytes = (): number[] => client.frames().filter(({ type }) => type === FrameType.DATA).map(({ payload }) => payload.length);
    expect(dataBytes()).toEqual([16_384, 16_384, 16_384, 16_383]);
    client.send(windowUpdate(1, 1000));
    expect(dataBytes()).toEqual([]);
    client.send(windowUpdate(0, 500));
    expect(dataBytes()).toEqual([500]);
    client.send(windowUpdate(0, 1_000_000));
    expect(dataBytes()).toEqual([500]);
    expect(drained).not.toHaveBeenCalled();
    client.send(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, SettingId.INITIAL_WINDOW_SIZE, 0, 8, 0, 0]));
    expect(dataBytes().reduce((sum, bytes) => sum + bytes, 0)).toBe(200_005 - 65_535 - 1000);
    expect(drained).toHaveBeenCalledTimes(1);
  });

  test('waits while a window is below zero', () => {
    const { client, stream } = streaming();
    client.send(client.headers(1, request('/t.T/S')));
    stream().send(message(Buffer.alloc(995)));
    client.frames();
    client.send(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, SettingId.INITIAL_WINDOW_SIZE, 0, 0, 0, 0]));
    stream().send(message('x'));
    stream().end();
    client.send(windowUpdate(1, 1003));
    expect(client.answers()).toEqual(['1 data "\\u0000\\u0000\\u0000"']);
    client.send(windowUpdate(1, 3));
    expect(client.answers()).toEqual(['1 data "\\u0000\\u0001x"', '1 grpc-status=0 END', '1 reset 0']);
  });

  test('gives streams their turn', () => {
    const streams: GrpcStream[] = [];
    const client = new TestPeer({ streams: new Map([['/t.T/S', (stream) => { streams.push(stream); }]]) }).greet();
    client.send(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, SettingId.INITIAL_WINDOW_SIZE, 0, 8, 0, 0]), ...[1, 3, 5].map((id) => client.headers(id, request('/t.T/S'))));
    for (const stream of streams) stream.send(message(Buffer.alloc(100_000)));
    client.frames();
    client.send(windowUpdate(0, 6 * 16_384));
    expect(client.frames().filter(({ type }) => type === FrameType.DATA).map(({ id }) => id)).toEqual(expect.arrayContaining([1, 3, 5]));
  });

  test('stops while the socket takes nothing, and goes on when it does', () => {
    const { client, stream } = streaming({ unwrittenBytesMax: 100_000 });
    client.send(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, SettingId.INITIAL_WINDOW_SIZE, 0x7f, 0, 0, 0]), windowUpdate(0, 0x7000_0000), client.headers(1, request('/t.T/S')));
    client.frames();
    client.reads = false;
    stream().send(message(Buffer.alloc(1_000_000)));
    expect(client.frames().length).toBeLessThan(10);
    expect(client.unwritten).toBeLessThan(140_000);
    let bytes = client.unwritten;
    for (let turn = 0; turn < 20 && bytes < 1_000_005; turn++) {
      client.connection.written(client.unwritten, client.nowMs);
      client.unwritten = 0;
      client.frames();
      bytes += client.unwritten;
    }
    expect(bytes).toBeGreaterThan(1_000_005);
  });
});
