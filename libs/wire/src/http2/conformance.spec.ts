import { data, frame, message, ping, request, reset, settings, TestPeer, uint32, windowUpdate } from './peer.testing';
import { CLIENT_PREFACE, FrameFlag, FrameType, Http2ErrorCode, SettingId } from './protocol.table';

const END = FrameFlag.END_HEADERS | FrameFlag.END_STREAM;
const echo = new Map([['/t.T/Echo', async (body: Buffer) => message(Buffer.from(body))]]);
const open = new Map([['/t.T/Open', () => undefined]]);

function peer(...values: [number, number][]): TestPeer {
  return new TestPeer({ unary: echo, streams: open }).greet(...values);
}

const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR } = Http2ErrorCode;

describe('the preface', () => {
  test('is answered with settings, and the client\'s settings with an acknowledgement', () => {
    const client = new TestPeer();
    expect(client.frames().map(({ type }) => type)).toEqual([FrameType.SETTINGS, FrameType.WINDOW_UPDATE]);
    client.send(CLIENT_PREFACE.subarray(0, 10)).send(CLIENT_PREFACE.subarray(10), settings([SettingId.MAX_CONCURRENT_STREAMS, 1]));
    expect(client.frames().map(({ type, flags }) => [type, flags])).toEqual([[FrameType.SETTINGS, FrameFlag.ACK]]);
  });

  test.each([
    ['another text', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['no settings after it', [CLIENT_PREFACE, ping()]],
    ['an acknowledgement after it', [CLIENT_PREFACE, frame(FrameType.SETTINGS, FrameFlag.ACK, 0)]],
  ])('ends the connection with %s', (_name, bytes) => {
    const client = new TestPeer();
    client.send(...bytes);
    expect(client.goAwayCode()).toBe(PROTOCOL_ERROR);
    expect(client.connection.end).toBe('fault');
  });
});

describe('what ends the connection', () => {
  const openStream = (client: TestPeer): Buffer => client.headers(1, request('/t.T/Open'));
  const closedStream = (client: TestPeer): Buffer => Buffer.concat([client.headers(1, request('/t.T/Nothing'), END)]);

  test.each<[string, number, (client: TestPeer) => Buffer[]]>([
    ['DATA on stream 0', PROTOCOL_ERROR, () => [data(0, Buffer.of(1))]],
    ['DATA on an idle stream', PROTOCOL_ERROR, () => [data(1, Buffer.of(1))]],
    ['DATA on a stream of the server', PROTOCOL_ERROR, (client) => [openStream(client), data(2, Buffer.of(1))]],
    ['DATA with padding of its own length', PROTOCOL_ERROR, (client) => [openStream(client), frame(FrameType.DATA, FrameFlag.PADDED, 1, Buffer.of(3, 0, 0))]],
    ['padded DATA without a length', PROTOCOL_ERROR, (client) => [openStream(client), frame(FrameType.DATA, FrameFlag.PADDED, 1)]],
    ['HEADERS on stream 0', PROTOCOL_ERROR, (client) => [client.headers(0, request('/t.T/Open'))]],
    ['HEADERS on an even stream', PROTOCOL_ERROR, (client) => [client.headers(2, request('/t.T/Open'))]],
    ['HEADERS on a smaller stream', PROTOCOL_ERROR, (client) => [client.headers(5, request('/t.T/Open')), client.headers(3, request('/t.T/Open'))]],
    ['HEADERS on a closed stream', STREAM_CLOSED, (client) => [closedStream(client), client.headers(1, request('/t.T/Open'))]],
    ['HEADERS with too much padding', PROTOCOL_ERROR, () => [frame(FrameType.HEADERS, FrameFlag.PADDED | FrameFlag.END_HEADERS, 1, Buffer.of(9, 0x82))]],
    ['HEADERS cut off in the priority', PROTOCOL_ERROR, () => [frame(FrameType.HEADERS, FrameFlag.PRIORITY | FrameFlag.END_HEADERS, 1, Buffer.of(1, 2))]],
    ['a header block that is no HPACK', COMPRESSION_ERROR, () => [frame(FrameType.HEADERS, FrameFlag.END_HEADERS, 1, Buffer.of(0x80))]],
    ['another frame within a header block', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open'), 0), ping()]],
    ['CONTINUATION of another stream', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open'), 0), frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, 3)]],
    ['CONTINUATION without HEADERS', PROTOCOL_ERROR, () => [frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, 1)]],
    ['CONTINUATION after the end of the block', PROTOCOL_ERROR, (client) => [openStream(client), frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, 1)]],
    ['PRIORITY on stream 0', PROTOCOL_ERROR, () => [frame(FrameType.PRIORITY, 0, 0, Buffer.alloc(5))]],
    ['PRIORITY of a wrong length', FRAME_SIZE_ERROR, () => [frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(4))]],
    ['RST_STREAM on stream 0', PROTOCOL_ERROR, () => [reset(0)]],
    ['RST_STREAM on an idle stream', PROTOCOL_ERROR, () => [reset(1)]],
    ['RST_STREAM of a wrong length', FRAME_SIZE_ERROR, (client) => [openStream(client), frame(FrameType.RST_STREAM, 0, 1, Buffer.alloc(3))]],
    ['SETTINGS on a stream', PROTOCOL_ERROR, () => [frame(FrameType.SETTINGS, 0, 1)]],
    ['SETTINGS of a wrong length', FRAME_SIZE_ERROR, () => [frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(5))]],
    ['an acknowledgement with a payload', FRAME_SIZE_ERROR, () => [frame(FrameType.SETTINGS, FrameFlag.ACK, 0, Buffer.alloc(6))]],
    ['ENABLE_PUSH of 2', PROTOCOL_ERROR, () => [settings([SettingId.ENABLE_PUSH, 2])]],
    ['an initial window beyond 2^31-1', FLOW_CONTROL_ERROR, () => [settings([SettingId.INITIAL_WINDOW_SIZE, 0x8000_0000])]],
    ['a frame size below the least', PROTOCOL_ERROR, () => [settings([SettingId.MAX_FRAME_SIZE, 16_383])]],
    ['a frame size beyond the largest', PROTOCOL_ERROR, () => [settings([SettingId.MAX_FRAME_SIZE, 0x100_0000])]],
    ['an initial window that overflows that of a stream', FLOW_CONTROL_ERROR, (client) => [openStream(client), windowUpdate(1, 0x7fff_0000), settings([SettingId.INITIAL_WINDOW_SIZE, 0x7fff_ffff])]],
    ['PUSH_PROMISE', PROTOCOL_ERROR, () => [frame(FrameType.PUSH_PROMISE, 0, 1, Buffer.alloc(4))]],
    ['PING on a stream', PROTOCOL_ERROR, () => [frame(FrameType.PING, 0, 1, Buffer.alloc(8))]],
    ['PING of a wrong length', FRAME_SIZE_ERROR, () => [frame(FrameType.PING, 0, 0, Buffer.alloc(7))]],
    ['GOAWAY on a stream', PROTOCOL_ERROR, () => [frame(FrameType.GOAWAY, 0, 1, Buffer.alloc(8))]],
    ['GOAWAY of a wrong length', FRAME_SIZE_ERROR, () => [frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(7))]],
    ['WINDOW_UPDATE of nothing', PROTOCOL_ERROR, () => [windowUpdate(0, 0)]],
    ['WINDOW_UPDATE of a wrong length', FRAME_SIZE_ERROR, () => [frame(FrameType.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))]],
    ['WINDOW_UPDATE on an idle stream', PROTOCOL_ERROR, () => [windowUpdate(1, 1)]],
    ['a window of the connection beyond 2^31-1', FLOW_CONTROL_ERROR, () => [windowUpdate(0, 0x7fff_ffff)]],
    ['a frame larger than announced', FRAME_SIZE_ERROR, (client) => [openStream(client), data(1, Buffer.alloc(16_385))]],
  ])('%s', (_name, code, frames) => {
    const client = peer();
    client.send(...frames(client));
    expect(client.goAwayCode()).toBe(code);
    expect(client.connection.end).toBe('fault');
    expect(client.connection.streamCount).toBe(0);
    expect(client.server.counters).toMatchObject({ protocolErrors: 1, openConnections: 0, openStreams: 0 });
    // Nothing more is taken or said.
    client.send(ping());
    expect(client.frames()).toEqual([]);
  });

  test('a table that the client wants smaller is told in the first block', () => {
    const client = peer([SettingId.HEADER_TABLE_SIZE, 0]);
    client.send(client.headers(1, request('/t.T/Nothing'), END), client.headers(3, request('/t.T/Nothing'), END));
    const [first, second] = client.frames();
    expect(first?.payload[0]).toBe(0x20);
    expect(second?.payload[0]).toBe(0x88);
    expect(second?.fields).toMatchObject({ 'grpc-status': '12' });
  });
});

describe('what ends a stream only', () => {
  test.each<[string, number, (client: TestPeer) => Buffer[]]>([
    ['DATA after the end', STREAM_CLOSED, (client) => [client.headers(1, request('/t.T/Open'), END), data(1, Buffer.of(1))]],
    ['DATA after a reset', STREAM_CLOSED, (client) => [client.headers(1, request('/t.T/Open')), reset(1), data(1, Buffer.of(1))]],
    ['HEADERS after the end', STREAM_CLOSED, (client) => [client.headers(1, request('/t.T/Open'), END), client.headers(1, { a: 'b' }, END)]],
    ['second HEADERS without an end', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open')), client.headers(1, { a: 'b' })]],
    ['trailers with a pseudo-field', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open')), client.headers(1, { ':path': '/' }, END)]],
    ['WINDOW_UPDATE of nothing', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open')), windowUpdate(1, 0)]],
    ['a window beyond 2^31-1', FLOW_CONTROL_ERROR, (client) => [client.headers(1, request('/t.T/Open')), windowUpdate(1, 0x7fff_ffff)]],
    ['a dependency on itself', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open')), frame(FrameType.PRIORITY, 0, 1, Buffer.of(0, 0, 0, 1, 1))]],
    ['a name with capitals', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { Name: 'v' }))]],
    ['a name with a space', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { 'a b': 'v' }))]],
    ['a value with a line feed', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { a: 'b\nc' }))]],
    ['an unknown pseudo-field', PROTOCOL_ERROR, (client) => [client.headers(1, { ':test': '1', ...request('/t.T/Open') })]],
    ['a pseudo-field of responses', PROTOCOL_ERROR, (client) => [client.headers(1, { ':status': '200', ...request('/t.T/Open') })]],
    ['a pseudo-field after others', PROTOCOL_ERROR, (client) => [client.headers(1, { a: 'b', ...request('/t.T/Open') })]],
    ['a connection field', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { connection: 'close' }))]],
    ['te other than trailers', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { te: 'gzip' }))]],
    ['two paths', PROTOCOL_ERROR, (client) => {
      const fields = [...Object.entries(request('/t.T/Open')).slice(0, 4), [':path', '/t.T/Open'] as const].map(([name, value]) => ({ name, value }));
      return [frame(FrameType.HEADERS, FrameFlag.END_HEADERS, 1, client.encoder.encode(fields))];
    }],
    ['no path', PROTOCOL_ERROR, (client) => [client.headers(1, { ':method': 'POST', ':scheme': 'http' })]],
    ['an empty path', PROTOCOL_ERROR, (client) => [client.headers(1, request(''))]],
    ['no method', PROTOCOL_ERROR, (client) => [client.headers(1, { ':path': '/', ':scheme': 'http' })]],
    ['no scheme', PROTOCOL_ERROR, (client) => [client.headers(1, { ':path': '/', ':method': 'POST' })]],
    ['a body longer than its content-length', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { 'content-length': '1' })), data(1, Buffer.of(1, 2))]],
    ['a body shorter than its content-length', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { 'content-length': '3' })), data(1, Buffer.of(1, 2), true)]],
    ['a content-length without a body', PROTOCOL_ERROR, (client) => [client.headers(1, request('/t.T/Open', { 'content-length': '3' }), END)]],
    ['more than the window of the stream', FLOW_CONTROL_ERROR, (client) => [client.headers(1, request('/t.T/Paused')), ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_000)))]],
  ])('%s', async (_name, code, frames) => {
    const paused = new Map([...open, ['/t.T/Paused', (stream: { pause(): void }) => stream.pause()] as const]);
    const client = new TestPeer({ unary: echo, streams: paused }, { streamWindowBytes: 65_535 }, 100_000).greet();
    client.send(...frames(client));
    expect(client.answers()).toEqual([`1 reset ${code}`]);
    expect(client.connection.end).toBeUndefined();
    expect(client.connection.streamCount).toBe(0);
    // What was on its way is ignored, and others are served.
    client.send(data(1, Buffer.of(1)), client.call(3, '/t.T/Echo', 'x'));
    await Promise.resolve();
    await Promise.resolve();
    expect(client.answers().filter((answer) => answer.startsWith('3'))).toEqual([
      '3 :status=200 content-type=application/grpc', '3 data "\\u0000\\u0000\\u0000\\u0000\\u0001x"', '3 grpc-status=0 END',
    ]);
  });

  test('a request that depends on itself', () => {
    const client = peer();
    const block = client.encoder.encode(Object.entries(request('/t.T/Open')).map(([name, value]) => ({ name, value })));
    client.send(frame(FrameType.HEADERS, FrameFlag.PRIORITY | FrameFlag.END_HEADERS, 1, Buffer.concat([Buffer.of(0, 0, 0, 1, 9), block])));
    expect(client.answers()).toEqual(['1 reset 1']);
  });

  test('the window of the connection is the client\'s to keep to', () => {
    const client = new TestPeer({ streams: open }, { connectionWindowBytes: 65_535, streamWindowBytes: 1_000_000 }, 1_000_000).greet();
    client.send(client.headers(1, request('/t.T/Open')), ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_000))));
    // Given back as it arrives, it is never used up.
    expect(client.frames().filter(({ type, id }) => type === FrameType.WINDOW_UPDATE && id === 0)).toHaveLength(1);
    expect(client.connection.end).toBeUndefined();
  });
});

describe('what is to be taken', () => {
  test('unknown frames, flags, settings and reserved bits, priorities, padding, continuations', async () => {
    const client = peer();
    const block = client.encoder.encode(Object.entries(request('/t.T/Echo')).map(([name, value]) => ({ name, value, repeats: true })));
    client.send(
      frame(0x16, 0xff, 0, Buffer.alloc(8)), frame(0x17, 0, 77, Buffer.alloc(3)), settings([0xff, 1]),
      frame(FrameType.PRIORITY, 0, 9, Buffer.alloc(5)), frame(FrameType.SETTINGS, FrameFlag.ACK, 0),
      frame(FrameType.HEADERS, FrameFlag.PADDED | FrameFlag.PRIORITY, 1, Buffer.concat([Buffer.of(4, 0, 0, 0, 3, 200), block.subarray(0, 7), Buffer.alloc(4)])),
      frame(FrameType.CONTINUATION, 0, 1), frame(FrameType.CONTINUATION, 0, 1, block.subarray(7, 8)),
      frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, 1, block.subarray(8)),
      frame(FrameType.DATA, FrameFlag.PADDED, 1, Buffer.concat([Buffer.of(3), message('pad'), Buffer.alloc(3)])),
      data(1, Buffer.alloc(0), true),
      frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)),
    );
    await Promise.resolve();
    await Promise.resolve();
    expect(client.answers()).toEqual(['1 :status=200 content-type=application/grpc', '1 data "\\u0000\\u0000\\u0000\\u0000\\u0003pad"', '1 grpc-status=0 END']);
  });

  test('trailers', () => {
    const client = peer();
    const halfClosed = jest.fn();
    const streams = new Map([['/t.T/S', (stream: { onHalfClose(listener: () => void): void }) => stream.onHalfClose(halfClosed)]]);
    const other = new TestPeer({ streams }).greet();
    other.send(other.headers(1, request('/t.T/S')), other.headers(1, { 'x-end': '1' }, END));
    expect(halfClosed).toHaveBeenCalledTimes(1);
    expect(client.connection.end).toBeUndefined();
  });

  test('a ping is answered with its own bytes', () => {
    const client = peer();
    client.send(ping('12345678'));
    expect(client.frames()).toEqual([{ type: FrameType.PING, flags: FrameFlag.ACK, id: 0, payload: Buffer.from('12345678') }]);
  });

  test('resets and window updates of streams that are over', () => {
    const client = peer();
    client.send(client.headers(1, request('/t.T/Nothing'), END), windowUpdate(1, 5), reset(1), frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5)));
    expect(client.answers()).toHaveLength(1);
    expect(client.connection.end).toBeUndefined();
  });

  test('the largest frame', () => {
    const client = new TestPeer({ streams: open }, {}, 20_000).greet();
    client.send(client.headers(1, request('/t.T/Open')), data(1, Buffer.alloc(16_384)));
    expect(client.connection.end).toBeUndefined();
    client.send(uint32(0));
  });

  test('header blocks that are equal, before and after the table has changed', async () => {
    const client = peer();
    const call = (id: number, path: string): Buffer => client.call(id, path, 'x');
    client.send(call(1, '/t.T/Echo'), call(3, '/t.T/Echo'), call(5, '/t.T/Echo'));
    // The same indexes mean something else once the table has moved.
    client.send(call(7, '/t.T/Nothing'), call(9, '/t.T/Nothing'), call(11, '/t.T/Echo'), call(13, '/t.T/Echo'));
    await Promise.resolve();
    await Promise.resolve();
    const statuses = client.frames().filter(({ fields }) => fields?.['grpc-status'] !== undefined).map(({ id, fields }) => [id, fields?.['grpc-status']]);
    expect(statuses.sort(([a], [b]) => Number(a) - Number(b))).toEqual([[1, '0'], [3, '0'], [5, '0'], [7, '12'], [9, '12'], [11, '0'], [13, '0']]);
  });
});
