import type { RequestOp } from '@quorate/api';
import { services, type WatchCreateRequest, type WatchStreamRequest, type WatchStreamResponse } from '@quorate/wire';
import { describeWith } from '../support/foreign-tools';
import type { Outcome, RawClient, RawStream } from './raw-client.testing';
import { metadataOf, RawPair, withoutColon } from './raw-comparison.testing';

const { KV, Watch } = services;
type Stream = RawStream<WatchStreamRequest, WatchStreamResponse>;

/** The largest request and what gRPC may add to it; a response of a watcher that asks for fragments stays below. */
const RESPONSE_BYTES_MAX = 1_572_864 + 524_288;

const create = (key: string, more: Partial<WatchCreateRequest> = {}): WatchStreamRequest => ({ type: 'create', request: { key, watchId: 0, fragment: false, ...more } });
const cancel = (watchId: number): WatchStreamRequest => ({ type: 'cancel', request: { watchId } });
const progress: WatchStreamRequest = { type: 'progress', request: {} };

async function take(stream: Stream, count: number): Promise<Outcome<WatchStreamResponse>[]> {
  const answers: Outcome<WatchStreamResponse>[] = [];
  for (let at = 0; at < count; at++) answers.push(await stream.next());
  return answers;
}

/** Sends all of it, takes so many answers, ends the stream. */
async function exchange(client: RawClient, requests: readonly WatchStreamRequest[], count: number, fields: Record<string, string> = {}): Promise<Outcome<WatchStreamResponse>[]> {
  const stream = client.open(Watch.Watch, metadataOf(fields));
  for (const request of requests) stream.send(request);
  const answers = await take(stream, count);
  stream.cancel();
  return answers;
}

const putOp = (key: string, value: string): RequestOp => ({ type: 'put', request: { key, value: Buffer.from(value) } });
const put = (client: RawClient, key: string, value = 'x'): Promise<unknown> => client.ask(KV.Put, { key, value: Buffer.from(value) });

describeWith(['etcd'], 'raw watch streams, compared with etcd', () => {
  let servers: RawPair;
  beforeAll(async () => {
    servers = await RawPair.start();
    await servers.both(async (client) => {
      for (const key of ['w/a', 'w/b', 'w/a', 'w/c']) await put(client, key);
      await client.ask(KV.DeleteRange, { key: 'w/b' });
      await client.ask(KV.Txn, { compare: [], success: ['w/d', 'w/e'].map((key) => putOp(key, 't')), failure: [] });
      await put(client, 'w/a', 'last');
    });
  }, 70_000);
  afterAll(() => servers?.stop());

  it.each<[string, WatchStreamRequest[], number]>([
    ['ids: picked, chosen, picked around the chosen', [create('w/x'), create('w/x', { watchId: 1 }), create('w/x'), create('w/x', { watchId: 77 }), create('w/x')], 5],
    ['ids: negative', [create('w/x', { watchId: -5 }), create('w/x'), cancel(-5)], 3],
    ['ids: twice', [create('w/x', { watchId: 3 }), create('w/y', { watchId: 3 }), create('w/z')], 3],
    ['ids: used again after a cancel', [create('w/x', { watchId: 3 }), cancel(3), create('w/y', { watchId: 3 }), create('w/y')], 4],
    ['cancel: unknown, then known', [create('w/x'), cancel(99), cancel(0), cancel(0), create('w/y')], 3],
    ['empty range', [create('w/b', { rangeEnd: 'w/a' }), create('w/b', { rangeEnd: 'w/b' }), create('w/b', { rangeEnd: 'w/a', watchId: 9 }), create('w/x')], 4],
    ['an empty range in the past', [create('w/b', { rangeEnd: 'w/a', startRevision: 2 })], 1],
    ['a request without a kind', [{ type: 'empty' }, create('w/x')], 1],
    ['no key: nothing but the zero key', [create(''), create('w/x')], 2],
    ['no key, all of it', [create('', { rangeEnd: '\0', startRevision: 8 })], 2],
    ['from a key on', [create('w/d', { rangeEnd: '\0', startRevision: 2 })], 2],
    ['start: 1', [create('w/', { rangeEnd: 'w0', startRevision: 1 })], 2],
    ['start: in the past, previous values', [create('w/', { rangeEnd: 'w0', startRevision: 3, prevKv: true })], 2],
    ['start: now', [create('w/a', { startRevision: 8 })], 2],
    ['filters: no puts', [create('w/', { rangeEnd: 'w0', startRevision: 2, filters: [0] })], 2],
    ['filters: no deletions', [create('w/', { rangeEnd: 'w0', startRevision: 2, filters: [1] })], 2],
    ['filters: unknown', [create('w/', { rangeEnd: 'w0', startRevision: 2, filters: [7] })], 2],
    ['filters: the same twice', [create('w/', { rangeEnd: 'w0', startRevision: 2, filters: [0, 0] })], 2],
    ['progress: all up to date', [create('w/x'), create('w/y'), progress], 3],
  ])('%s', (_name, requests, count) => servers.expectSame((client) => exchange(client, requests, count)));

  it('several past ones on one stream, each in its order', () => servers.expectSame(async (client) => {
    const answers = await exchange(client, [create('w/c', { startRevision: 2 }), create('w/x'), create('w/b', { startRevision: 2 })], 5);
    return [0, 1, 2].map((id) => answers.filter((answer) => 'response' in answer && answer.response.watchId === id));
  }));

  // etcd 3.4 lets such a watch wait; later releases refuse it.
  it.each([{}, { watchId: 9 }])('a negative start is refused as compacted, like by etcd from 3.5 on: %o', async (more) => {
    const { quorate } = await servers.both((client) => exchange(client, [create('w/a', { startRevision: -5, ...more }), create('w/x', more)], 2));
    expect(quorate).toMatchObject([
      { response: { watchId: -1, created: true, canceled: true, compactRevision: 0, cancelReason: 'etcdserver: mvcc: required revision has been compacted' } },
      { response: { watchId: more.watchId ?? 0, created: true, canceled: false } },
    ]);
  });

  // etcd 3.4 answers; later releases answer only where there is a watcher, and where none waits for a later revision.
  it.each([
    ['nothing is on the stream', [progress, create('w/x')], 1],
    ['one waits for a later revision', [create('w/x', { startRevision: 1_000_000 }), progress, create('w/x')], 2],
  ])('progress is not told where %s, like by etcd from 3.5 on', async (_name, requests, count) => {
    const { quorate } = await servers.both((client) => exchange(client, requests as WatchStreamRequest[], count as number));
    expect(quorate).toMatchObject(Array.from({ length: count as number }, () => ({ response: { created: true } })));
  });

  it('everything is filtered: nothing is sent', () => servers.expectSame(async (client) => {
    const stream = client.open(Watch.Watch);
    stream.send(create('f/', { rangeEnd: 'f0', filters: [0, 1] }));
    stream.send(create('f/end'));
    const created = await take(stream, 2);
    for (const key of ['f/a', 'f/b', 'f/end']) await put(client, key);
    const seen = await stream.next();
    stream.cancel();
    return [created, seen];
  }));

  it('events of one transaction come in one piece, per watcher, with previous values where asked for', () => servers.expectSame(async (client) => {
    const stream = client.open(Watch.Watch);
    stream.send(create('x/', { rangeEnd: 'x0', prevKv: true }));
    const created = await take(stream, 1);
    await put(client, 'x/a', '1');
    await client.ask(KV.Txn, { compare: [], success: [
      { type: 'put', request: { key: 'x/a', value: Buffer.from('2') } }, { type: 'put', request: { key: 'x/b', value: Buffer.from('3') } }, { type: 'deleteRange', request: { key: 'x/c' } }], failure: [] });
    await client.ask(KV.DeleteRange, { key: 'x/', rangeEnd: 'x0' });
    const seen = await take(stream, 3);
    stream.cancel();
    return [created, seen];
  }));

  it('after a cancel nothing more comes', () => servers.expectSame(async (client) => {
    const stream = client.open(Watch.Watch);
    stream.send(create('c/a'));
    stream.send(create('c/a'));
    stream.send(cancel(0));
    const before = await take(stream, 3);
    await put(client, 'c/a');
    const seen = await take(stream, 1);
    stream.send(cancel(1));
    const after = await take(stream, 1);
    await put(client, 'c/a');
    stream.send(create('c/b'));
    const last = await take(stream, 1);
    stream.cancel();
    return [before, seen, after, last];
  }));

  it('a start in the future: nothing of before comes', () => servers.expectSame(async (client) => {
    const { header: { revision } } = await client.ask(KV.Range, { key: 'absent' });
    const stream = client.open(Watch.Watch);
    stream.send(create('z/', { rangeEnd: 'z0', startRevision: revision + 3 }));
    const created = await take(stream, 1);
    for (const key of ['z/1', 'z/2', 'z/3', 'z/4']) await put(client, key);
    const seen = await take(stream, 2);
    stream.cancel();
    return [created, seen];
  }));

  it('the client closes its half: the watchers go on', () => servers.expectSame(async (client) => {
    const stream = client.open(Watch.Watch);
    stream.send(create('h/a'));
    stream.halfClose();
    const created = await stream.next();
    await put(client, 'h/a');
    const seen = await stream.next();
    stream.cancel();
    return [created, seen];
  }));

  it('no message that can be read', () => servers.expectSame(async (client) => {
    const stream = client.open(Watch.Watch);
    stream.sendBytes(Buffer.from([0x0a, 0xff]));
    return withoutColon(await stream.next());
  }));

  it('with a leader wanted', () => servers.expectSame((client) => exchange(client, [create('w/a', { startRevision: 8 })], 2, { hasleader: 'true' })));

  it('a large history in fragments: the same events, each answer but the last marked', async () => {
    const { etcd, quorate } = await servers.both(async (client) => {
      const value = 'v'.repeat(400_000);
      for (let at = 0; at < 3; at++) {
        await client.ask(KV.Txn, { compare: [], success: ['p', 'q', 'r'].map((name) => putOp(`big/${name}`, value)), failure: [] });
      }
      const { header: { revision } } = await client.ask(KV.Range, { key: 'absent' });
      const stream = client.open(Watch.Watch);
      stream.send(create('big/', { rangeEnd: 'big0', startRevision: revision - 2, fragment: true }));
      const keys: string[] = [];
      const marks: boolean[] = [];
      await stream.next();
      while (keys.length < 9) {
        const { events, fragment = false } = await stream.nextResponse();
        keys.push(...events.map(({ kv }) => kv.key));
        expect(events.reduce((sum, { kv }) => sum + kv.encoded.length, 0)).toBeLessThan(RESPONSE_BYTES_MAX);
        marks.push(fragment);
      }
      stream.cancel();
      return { keys, last: marks.at(-1) };
    });
    expect(quorate).toEqual(etcd);
  });

  it('a compacted start, and one compacted to on its way', () => servers.expectSame(async (client) => {
    await client.ask(KV.Compact, { revision: 7 });
    return [
      await exchange(client, [create('w/', { rangeEnd: 'w0', startRevision: 6 })], 2),
      await exchange(client, [create('w/', { rangeEnd: 'w0', startRevision: 7 }), create('w/a', { startRevision: 1, watchId: 5 })].slice(0, 1), 2),
      await exchange(client, [create('w/a', { startRevision: 1, watchId: 5 })], 2),
      await exchange(client, [create('w/a', { startRevision: 8, prevKv: true })], 2),
    ];
  }));
});

describeWith(['etcd'], 'progress of watches, compared with etcd', () => {
  let servers: RawPair;
  beforeAll(async () => { servers = await RawPair.start({ flags: ['--experimental-watch-progress-notify-interval=300ms'] }); }, 70_000);
  afterAll(() => servers?.stop());

  it('is told from time to time while nothing happens, and only to those who asked', () => servers.expectSame(async (client) => {
    await put(client, 'a');
    const stream = client.open(Watch.Watch);
    stream.send(create('quiet', { watchId: 4 }));
    stream.send(create('quiet', { watchId: 5, progressNotify: true }));
    const seen = await take(stream, 5);
    stream.cancel();
    return seen;
  }));
});
