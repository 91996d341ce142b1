import fc from 'fast-check';
import { data, frame, message, request, reset, settings, TestPeer, uint32, windowUpdate } from './peer.testing';
import { CLIENT_PREFACE, FrameFlag, FrameType, SettingId } from './protocol.table';

const END = FrameFlag.END_HEADERS | FrameFlag.END_STREAM;

function peer(): TestPeer {
  return new TestPeer({
    unary: new Map([['/t.T/M', async (body) => message(Buffer.from(body))]]),
    streams: new Map([['/t.T/S', (stream) => {
      let count = 0;
      stream.onMessage((body) => {
        stream.send(message(Buffer.from(body)));
        if (++count % 3 === 0) stream.pause();
      });
      stream.onDrain(() => stream.resume());
      stream.onHalfClose(() => stream.end());
    }]]),
  }, { streamWindowBytes: 5000, connectionWindowBytes: 70_000, idleFramesBurst: 1e6, resetsBurst: 1e6 });
}

/** Random steps of one connection, most of them such as a client may take. */
const id = fc.constantFrom(1, 3, 5, 7, 9, 0, 2);
const path = fc.constantFrom('/t.T/M', '/t.T/S', '/nope', '');
const bytes = fc.uint8Array({ maxLength: 50 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('headers' as const), id, path, end: fc.boolean(), extra: fc.boolean() }),
  fc.record({ kind: fc.constant('message' as const), id, bytes, end: fc.boolean() }),
  fc.record({ kind: fc.constant('data' as const), id, bytes, flags: fc.constantFrom(0, 1, 8, 9) }),
  fc.record({ kind: fc.constant('frame' as const), id, type: fc.nat({ max: 12 }), flags: fc.nat({ max: 255 }), bytes }),
  fc.record({ kind: fc.constant('window' as const), id, by: fc.constantFrom(0, 1, 100, 65_535, 0x7fff_ffff) }),
  fc.record({ kind: fc.constant('settings' as const), setting: fc.nat({ max: 8 }), value: fc.constantFrom(0, 1, 100, 4096, 16_384, 100_000, 0xffff_ffff) }),
  fc.record({ kind: fc.constant('reset' as const), id }),
  fc.record({ kind: fc.constant('raw' as const), bytes }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function bytesOf(client: TestPeer, item: Step): Buffer {
  switch (item.kind) {
    case 'headers':
      return client.headers(item.id, request(item.path, item.extra ? { 'x-extra': 'yes', 'grpc-timeout': '1S' } : {}), item.end ? END : FrameFlag.END_HEADERS);
    case 'message':
      return data(item.id, message(item.bytes), item.end);
    case 'data':
      return frame(FrameType.DATA, item.flags, item.id, item.bytes);
    case 'frame':
      return frame(item.type, item.flags, item.id, item.bytes);
    case 'window':
      return windowUpdate(item.id, item.by);
    case 'settings':
      return settings([item.setting, item.value]);
    case 'reset':
      return reset(item.id);
    case 'raw':
      return Buffer.from(item.bytes);
  }
}

/** What must hold whatever was received. */
function check(client: TestPeer): void {
  const { counters } = client.server;
  expect(counters.openStreams).toBe(client.connection.streamCount);
  if (client.connection.end === undefined) return;
  expect([counters.openConnections, counters.openStreams, client.server.deadlines.size]).toEqual([0, 0, 0]);
}

describe('whatever a peer sends', () => {
  test('steps in any order: no throw, and one reason where the connection ends', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat({ max: 200 }), async (steps, cut) => {
      const client = peer().greet([SettingId.INITIAL_WINDOW_SIZE, 300]);
      let goAways = 0;
      for (const item of steps) {
        const chunk = bytesOf(client, item);
        client.send(chunk.subarray(0, cut)).send(chunk.subarray(cut));
        await Promise.resolve();
        for (const { type, payload } of client.frames()) {
          expect(payload.length).toBeLessThanOrEqual(16_384);
          if (type === FrameType.GOAWAY) goAways++;
        }
        check(client);
      }
      expect(goAways).toBe(client.connection.end === 'fault' ? 1 : 0);
      client.connection.lost();
      check(client);
    }), { numRuns: 1500, seed: 21 });
  });

  test('a good session with some bytes changed', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 700 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 800 }), async (changes, cut) => {
      const client = peer();
      const session = Buffer.concat([
        CLIENT_PREFACE, settings([SettingId.INITIAL_WINDOW_SIZE, 100_000]), windowUpdate(0, 100_000),
        client.call(1, '/t.T/M', 'x'.repeat(100)), client.headers(3, request('/t.T/S')), data(3, message('abc')), data(3, message('def')),
        frame(FrameType.PING, 0, 0, uint32(1)), client.call(5, '/t.T/M', 'y', { 'grpc-timeout': '1S', 'x-bin': 'AAAA' }),
        data(3, Buffer.alloc(0), true), client.call(7, '/t.T/M', 'z'), reset(7),
      ]);
      for (const [at, value] of changes) session[at % session.length] = value;
      client.send(session.subarray(0, cut));
      await Promise.resolve();
      client.send(session.subarray(cut));
      await Promise.resolve();
      client.frames();
      check(client);
      client.connection.lost();
      check(client);
    }), { numRuns: 3000, seed: 22 });
  });

  test('noise after the preface', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (chunks) => {
      const client = peer().greet();
      client.send(...chunks);
      client.frames();
      check(client);
    }), { numRuns: 1000, seed: 23 });
  });
});
