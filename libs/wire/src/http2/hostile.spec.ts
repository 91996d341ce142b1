import type { GrpcStream } from '../grpc/handler';
import { data, frame, message, ping, request, reset, settings, settled, TestPeer, windowUpdate } from './peer.testing';
import { CLIENT_PREFACE, FrameFlag, FrameType, Http2ErrorCode, SettingId } from './protocol.table';

const END = FrameFlag.END_HEADERS | FrameFlag.END_STREAM;
const { ENHANCE_YOUR_CALM } = Http2ErrorCode;
const streams = new Map([['/t.T/Open', () => undefined]]);
const limits = { idleFramesBurst: 100, idleFramesPerSecond: 10, resetsBurst: 20, resetsPerSecond: 10, clientPingIntervalMinMs: 0, permitPingWithoutStream: true };

function peer(further: object = {}): TestPeer {
  return new TestPeer({ streams }, { ...limits, ...further }).greet();
}

describe('floods end the connection', () => {
  test.each<[string, (client: TestPeer) => Buffer]>([
    ['of settings', () => settings()],
    ['of acknowledgements', () => frame(FrameType.SETTINGS, FrameFlag.ACK, 0)],
    ['of pings', () => ping()],
    ['of answers to pings', () => frame(FrameType.PING, FrameFlag.ACK, 0, Buffer.alloc(8))],
    ['of priorities', () => frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
    ['of window updates of the connection', () => windowUpdate(0, 1)],
    ['of window updates of a stream', () => windowUpdate(1, 1)],
    ['of resets of a stream that is over', () => reset(3)],
    ['of empty data', () => data(1, Buffer.alloc(0))],
    ['of padding', () => frame(FrameType.DATA, FrameFlag.PADDED, 1, Buffer.of(1, 0))],
    ['of data on a stream that is over', () => data(3, Buffer.alloc(1))],
    ['of unknown frames', () => frame(0x77, 0, 0)],
    ['of going away', () => frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8))],
  ])('%s', (_name, one) => {
    const client = peer();
    client.send(client.headers(1, request('/t.T/Open')), client.headers(3, request('/t.T/Open')), reset(3));
    client.frames();
    for (let count = 0; count < 90; count++) client.send(one(client));
    expect(client.connection.end).toBeUndefined();
    // At ten a second, nobody minds.
    for (let second = 0; second < 5; second++) {
      client.nowMs += 1000;
      for (let count = 0; count < 8; count++) client.send(one(client));
    }
    expect(client.connection.end).toBeUndefined();
    client.frames();
    for (let count = 0; count < 120; count++) client.send(one(client));
    expect(client.goAwayCode()).toBe(ENHANCE_YOUR_CALM);
    expect(client.server.counters).toMatchObject({ idleFrameFloods: 1, protocolErrors: 0, openConnections: 0, openStreams: 0 });
  });

  test('but window updates for what is sent are none', async () => {
    const client = new TestPeer({ unary: new Map([['/t.T/M', async () => message(Buffer.alloc(2000))]]) }, limits).greet();
    for (let id = 1; id < 2000; id += 2) {
      client.send(client.call(id, '/t.T/M', ''), windowUpdate(0, 2005), windowUpdate(id, 1000), windowUpdate(id, 1005));
      await Promise.resolve();
      client.frames();
    }
    expect(client.connection.end).toBeUndefined();
  });

  test('of streams that are reset as soon as they are opened', () => {
    const client = peer();
    for (let id = 1; id < 35; id += 2) client.send(client.headers(id, request('/t.T/Open')), reset(id));
    expect(client.connection.end).toBeUndefined();
    for (let id = 35; id < 101 && client.connection.end === undefined; id += 2) client.send(client.headers(id, request('/t.T/Open')), reset(id));
    expect(client.goAwayCode()).toBe(ENHANCE_YOUR_CALM);
    expect(client.server.counters).toMatchObject({ resetFloods: 1 });
    expect(client.server.counters.resets).toBeLessThan(25);
  });

  test.each<[string, (client: TestPeer, id: number) => Buffer[]]>([
    ['of streams that we must reset', (client, id) => [client.headers(id, request('/t.T/Open')), windowUpdate(id, 0)]],
    ['of malformed requests', (client, id) => [client.headers(id, { ':path': '/' })]],
    ['of refused requests', (client, id) => [client.headers(id, request('/t.T/Open'))]],
  ])('%s', (_name, one) => {
    const client = peer({ maxConcurrentStreams: 1 });
    client.send(client.headers(1, request('/t.T/Open')));
    for (let id = 3; id < 200 && client.connection.end === undefined; id += 2) client.send(...one(client, id));
    expect(client.goAwayCode()).toBe(ENHANCE_YOUR_CALM);
    expect(client.server.counters).toMatchObject({ resetFloods: 1 });
  });

  test('of continuations, with and without bytes', () => {
    for (const bytes of [0, 10_000]) {
      const client = peer();
      client.send(client.headers(1, request('/t.T/Open'), 0));
      let frames = 0;
      for (; frames < 1000 && client.connection.end === undefined; frames++) client.send(frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(bytes)));
      expect(frames).toBeLessThan(130);
      expect(client.goAwayCode()).toBe(ENHANCE_YOUR_CALM);
      expect(client.server.counters).toMatchObject({ headerBlockFloods: 1 });
    }
  });
});

describe('header bombs', () => {
  test('are reset, and the connection goes on', async () => {
    const client = new TestPeer({ unary: new Map([['/t.T/M', async () => message('')]]) }, { headerListBytesMax: 5000 }).greet();
    const big = { name: 'x', value: 'v'.repeat(3000), repeats: true };
    const block = client.encoder.encode([...Object.entries(request('/t.T/M')).map(([name, value]) => ({ name, value })), big]);
    const index = client.encoder.encode([big]);
    client.send(frame(FrameType.HEADERS, END, 1, Buffer.concat([block, ...Array.from({ length: 10_000 }, () => index)])));
    expect(client.answers()).toEqual(['1 reset 6']);
    client.send(client.call(3, '/t.T/M', ''));
    await settled();
    expect(client.answers()).toContain('3 grpc-status=0 END');
    expect(client.server.counters).toMatchObject({ headerListOverflows: 1 });
  });
});

describe('too many pings', () => {
  const polite = { clientPingIntervalMinMs: 5000, permitPingWithoutStream: false };

  test('without a call end the connection as grpc-go does', () => {
    const client = new TestPeer({ streams }, polite).greet();
    for (let count = 0; count < 3; count++) {
      client.send(ping());
      client.nowMs += 10_000;
    }
    expect(client.answers()).toEqual([]);
    client.send(ping());
    expect(client.answers()).toEqual([`goaway 0 ${ENHANCE_YOUR_CALM} too_many_pings`]);
    expect(client.server.counters).toMatchObject({ tooManyPings: 1 });
  });

  test('are fewer with a call, and none where something is sent', () => {
    let opened: GrpcStream | undefined;
    const client = new TestPeer({ streams: new Map([['/t.T/Open', (stream) => { opened = stream; }]]) }, polite).greet();
    client.send(client.headers(1, request('/t.T/Open')));
    for (let count = 0; count < 20; count++) {
      client.send(ping());
      client.nowMs += 5000;
    }
    for (let count = 0; count < 20; count++) {
      opened?.send(message('x'));
      client.send(ping());
    }
    expect(client.connection.end).toBeUndefined();
    for (let count = 0; count < 3; count++) client.send(ping());
    expect(client.connection.end).toBe('fault');
  });
});

describe('answers that are not read', () => {
  test('make `send` ask to stop, and hold up the requests of their own call', () => {
    let opened: GrpcStream | undefined;
    let received = 0;
    const client = new TestPeer({ streams: new Map([['/t.T/Echo', (stream) => {
      opened = stream;
      // A handler that does not heed `send`.
      stream.onMessage((body) => {
        received++;
        stream.send(message(Buffer.alloc(body.length * 1000)));
      });
    }]]) }, limits).greet([SettingId.INITIAL_WINDOW_SIZE, 0]);
    client.send(client.headers(1, request('/t.T/Echo')));
    expect(opened?.send(message('x'))).toBe(true);
    for (let count = 0; count < 1000; count++) client.send(data(1, message(Buffer.alloc(100))));
    // A mebibyte of answers may wait; the rest of the requests is kept, without credit for more.
    expect(received).toBe(11);
    expect(opened?.send(message('x'))).toBe(false);
    client.frames();
    client.send(windowUpdate(1, 0x4000_0000), windowUpdate(0, 0x4000_0000));
    for (let turn = 0; turn < 1000 && received < 1000; turn++) client.frames();
    expect(received).toBe(1000);
  });

  test('refuse further calls', async () => {
    const client = new TestPeer({ unary: new Map([['/t.T/M', async () => message(Buffer.alloc(1000))]]) }, { ...limits, connectionPendingBytesMax: 3000 }).greet([SettingId.INITIAL_WINDOW_SIZE, 0]);
    for (let id = 1; id <= 11; id += 2) {
      client.send(client.call(id, '/t.T/M', ''));
      await settled();
    }
    expect(client.answers().filter((answer) => answer.includes('reset'))).toEqual(['7 reset 7', '9 reset 7', '11 reset 7']);
    expect(client.server.counters).toMatchObject({ refusedForPendingBytes: 3, openStreams: 3 });
    client.send(reset(1), reset(3), reset(5), client.call(13, '/t.T/M', ''));
    expect(client.server.counters).toMatchObject({ refusedForPendingBytes: 3 });
  });

  test('end the connection when even acknowledgements pile up', () => {
    const client = peer({ idleFramesBurst: 1e9, unwrittenBytesMax: 10_000, unwrittenControlBytesMax: 10_000 });
    client.reads = false;
    let pings = 0;
    for (; pings < 5000 && client.connection.end === undefined; pings++) {
      client.send(ping());
      client.frames();
    }
    expect(pings).toBeLessThan(1300);
    expect(client.server.counters).toMatchObject({ unwrittenOverflows: 1 });
  });

  test('end the connection when the socket takes no byte for long', () => {
    const client = peer({ writeStallTimeoutMs: 60_000 });
    client.reads = false;
    client.send(ping());
    client.frames();
    client.nowMs += 59_000;
    client.connection.tick(client.nowMs);
    expect(client.connection.end).toBeUndefined();
    client.nowMs += 1000;
    client.connection.tick(client.nowMs);
    expect(client.connection.end).toBe('gone');
    expect(client.server.counters).toMatchObject({ writeStalls: 1, openConnections: 0 });
  });
});

describe('requests that are not finished', () => {
  test('may hold so many bytes, and no more', () => {
    const client = new TestPeer({ unary: new Map([['/t.T/M', async () => message('')]]) }, { unreadBytesMax: 10_000 }, 5000).greet();
    const beginning = Buffer.concat([Buffer.of(0, 0, 0, 0x13, 0x88), Buffer.alloc(3000)]);
    for (let id = 1; id <= 7; id += 2) client.send(client.headers(id, request('/t.T/M')), data(id, beginning));
    const [answer] = client.answers();
    expect(answer).toContain('7 :status=200 content-type=application/grpc grpc-status=8 grpc-message=too many unfinished requests');
    expect(client.server.counters).toMatchObject({ unreadOverflows: 1, openStreams: 3 });
    client.send(reset(1), reset(3), reset(5), client.headers(9, request('/t.T/M')), data(9, beginning));
    expect(client.server.counters).toMatchObject({ unreadOverflows: 1, openStreams: 1 });
  });

  test('do not take the memory that their length announces', () => {
    const client = new TestPeer({ streams }, limits, 2_000_000_000).greet();
    const before = process.memoryUsage().arrayBuffers;
    for (let id = 1; id < 100; id += 2) client.send(client.headers(id, request('/t.T/Open')), data(id, Buffer.of(0, 0x70, 0, 0, 0, 1)));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

describe('connections without a client', () => {
  test('are closed when no preface comes in time', () => {
    for (const bytes of [CLIENT_PREFACE.subarray(0, 5), CLIENT_PREFACE]) {
      const client = new TestPeer({}, { handshakeTimeoutMs: 10_000 });
      client.send(bytes);
      client.connection.tick(client.nowMs + 9999);
      expect(client.connection.end).toBeUndefined();
      client.connection.tick(client.nowMs + 10_000);
      expect(client.connection.end).toBe('gone');
      expect(client.server.counters).toMatchObject({ handshakeTimeouts: 1 });
    }
  });

  test('are closed when a ping is not answered', () => {
    const cancelled = jest.fn();
    const client = new TestPeer({ streams: new Map([['/t.T/S', (stream) => stream.onCancel(cancelled)]]) }, { keepAliveIntervalMs: 60_000, keepAliveTimeoutMs: 20_000 }).greet();
    client.send(client.headers(1, request('/t.T/S')));
    const at = (seconds: number): string[] => {
      client.connection.tick(1000 + seconds * 1000);
      return client.answers();
    };
    expect([at(59), at(60), at(79)]).toEqual([[], ['ping are you?'], []]);
    client.nowMs = 80_500;
    client.send(frame(FrameType.PING, FrameFlag.ACK, 0, Buffer.from('are you?')));
    expect([at(81), at(139), at(140), at(159)]).toEqual([[], [], ['ping are you?'], []]);
    expect(cancelled).not.toHaveBeenCalled();
    expect(at(160)).toEqual([]);
    expect(client.connection.end).toBe('gone');
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(client.server.counters).toMatchObject({ keepAliveTimeouts: 1 });
  });
});

describe('too many calls', () => {
  test('are refused, and the limit is announced', () => {
    const client = new TestPeer({ streams }, { maxConcurrentStreams: 2 });
    const [greeting] = client.frames();
    expect(greeting?.payload.subarray(-6)).toEqual(Buffer.from([0, SettingId.MAX_CONCURRENT_STREAMS, 0, 0, 0, 2]));
    client.greet();
    for (const id of [1, 3, 5]) client.send(client.headers(id, request('/t.T/Open')), data(id, message('x')));
    expect(client.answers()).toEqual(['5 reset 7']);
    client.send(reset(1), client.headers(7, request('/t.T/Open')));
    expect(client.answers()).toEqual([]);
    expect(client.server.counters).toMatchObject({ refusedForStreams: 1, openStreams: 2 });
  });
});

describe('the end of the server', () => {
  const graceful = ['goaway 2147483647 0 graceful_stop', 'ping shutdown'];
  const pong = frame(FrameType.PING, FrameFlag.ACK, 0, Buffer.from('shutdown'));

  test('is told, and waits for the calls under way', async () => {
    let answer: ((frame: Buffer) => void) | undefined;
    const client = new TestPeer({ unary: new Map([['/t.T/M', () => new Promise((resolve) => { answer = resolve; })]]) }).greet();
    client.send(client.call(1, '/t.T/M', ''));
    client.connection.drain(client.nowMs);
    expect(client.answers()).toEqual(graceful);
    // A call that was on its way is served.
    client.send(client.call(3, '/t.T/M', ''));
    answer?.(message(''));
    client.send(pong);
    expect(client.answers()).toEqual(['goaway 3 0 graceful_stop']);
    // One that comes later is not, and the client knows that it may try it elsewhere.
    client.send(client.call(5, '/t.T/M', ''), reset(1));
    await settled();
    expect(client.connection.end).toBe('drained');
    expect(client.answers()).toEqual(['3 :status=200 content-type=application/grpc', '3 data "\\u0000\\u0000\\u0000\\u0000\\u0000"', '3 grpc-status=0 END']);
  });

  test('does not wait for a client that says nothing', () => {
    const client = new TestPeer().greet();
    client.connection.drain(client.nowMs);
    expect(client.answers()).toEqual(graceful);
    client.connection.tick(client.nowMs + 5000);
    expect(client.connection.end).toBe('drained');
  });
});
