import { EventType, type WatchBatch, type WatchEvent, WatchFilter, type WatchRequest } from '@quorate/api';
import fc from 'fast-check';
import { type Change, PlainHistory } from './history.testing';
import { WatchHub } from './hub';
import { type Watcher, WATCHER_QUEUE_BYTES_MAX } from './watcher';

const nextTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** A hub over a plain history, and the watches that were opened on it with all that they handed over. */
class Stage {
  readonly history = new PlainHistory(nextTurn);
  readonly failures: Error[] = [];
  readonly hub = new WatchHub(this.history, (error) => this.failures.push(error), nextTurn);
  readonly watches: { readonly watcher: Watcher; readonly request: WatchRequest; readonly got: WatchBatch[]; closed: boolean }[] = [];

  write(changes: readonly Change[]): void {
    const { revision, events } = this.history.write(changes);
    this.hub.publish(revision, events);
  }

  open(request: WatchRequest): Stage['watches'][number] {
    const one = { watcher: this.hub.open(request), request, got: [], closed: false };
    this.watches.push(one);
    return one;
  }

  poll(at: number, count = Infinity): void {
    const watch = this.watches[at];
    if (!watch) return;
    for (let left = count; left > 0; left--) {
      const batch = watch.watcher.poll();
      if (!batch) return;
      watch.got.push(batch);
    }
  }

  /** Until nobody is behind any more, however often queues have to be drained for it. */
  async finish(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      this.watches.forEach((_, at) => this.poll(at));
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      if (this.hub.counts.behind > 0 || this.watches.some(({ watcher }) => !watcher.ended && !watcher.synced)) quiet = -1;
    }
    this.watches.forEach((_, at) => this.poll(at));
  }
}

const put = (key: string, bytes = 10): Change => ({ key, deleted: false, bytes });
const revisionsOf = (got: readonly WatchBatch[]): number[] => got.map(({ revision }) => revision);

/** What a watch must hand over, word for word. */
function expectedOf({ history }: Stage, request: WatchRequest, start: number): string[] {
  const { key, rangeEnd = '', filters = [], prevKv = false } = request;
  const covers = (of: string): boolean => (rangeEnd === '' ? of === key : of >= key && (rangeEnd === '\0' || of < rangeEnd));
  const wanted = ({ type, kv }: WatchEvent): boolean => covers(kv.key) && !filters.includes(type === EventType.PUT ? WatchFilter.NOPUT : WatchFilter.NODELETE);
  return history.revisions.filter(({ revision }) => revision >= start)
    .map(({ revision, events }) => ({ revision, events: events.filter(wanted) }))
    .filter(({ events }) => events.length > 0)
    .map(({ revision, events }) => `${revision}: ${events.map((event) => textOf(event, prevKv)).join(' ')}`);
}

function textOf({ type, kv, prevKv }: WatchEvent, withPrevKv: boolean): string {
  const before = withPrevKv && prevKv ? `<${prevKv.modRevision}` : '';
  return `${type === EventType.PUT ? 'put' : 'delete'} ${kv.key}@${kv.modRevision}${before}`;
}

function toldOf(got: readonly WatchBatch[], request: WatchRequest): string[] {
  return got.filter((batch) => batch.type === 'events')
    .map(({ revision, events }) => `${revision}: ${events.map((event) => textOf(event, true)).join(' ')}`)
    .map((text) => (request.prevKv ? text : text.replace(/</g, 'with a prevKv that nobody asked for <')));
}

// --- against a naive model ------------------------------------------------------------------------------------------

const key = fc.constantFrom('a', 'b', 'ba', 'c', 'd');
const size = fc.oneof({ weight: 6, arbitrary: fc.constant(10) }, { weight: 1, arbitrary: fc.constant(WATCHER_QUEUE_BYTES_MAX / 2) }, { weight: 1, arbitrary: fc.constant(2 * WATCHER_QUEUE_BYTES_MAX) });
const change = fc.record({ key, deleted: fc.boolean(), bytes: size });
const changes = fc.uniqueArray(change, { selector: (one) => one.key, minLength: 1, maxLength: 4 });
const range = fc.oneof(key.map((of) => ({ key: of })), key.map((of) => ({ key: of, rangeEnd: '\0' })), fc.tuple(key, key).filter(([a, b]) => a < b).map(([a, b]) => ({ key: a, rangeEnd: b })));
const request = fc.record({
  range, start: fc.integer({ min: -8, max: 4 }), prevKv: fc.boolean(),
  filters: fc.constantFrom<readonly number[]>([], [], [WatchFilter.NOPUT], [WatchFilter.NODELETE], [WatchFilter.NOPUT, WatchFilter.NODELETE]),
});
type Step =
  | { readonly type: 'write'; readonly changes: readonly Change[] }
  | { readonly type: 'open'; readonly of: { readonly range: { key: string; rangeEnd?: string }; readonly start: number; readonly prevKv: boolean; readonly filters: readonly number[] } }
  | { readonly type: 'poll' | 'close'; readonly watch: number; readonly count: number }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'turns'; readonly count: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('write' as const), changes }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('open' as const), of: request }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('poll' as const), watch: fc.nat(8), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), watch: fc.nat(8), count: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 6 }) }) },
);

interface Opened {
  readonly start: number;
  readonly request: WatchRequest;
}

function openWatch(stage: Stage, of: Extract<Step, { type: 'open' }>['of']): Opened {
  const current = stage.history.currentRevision;
  // A start of 0 means from now on; others lie in the past, or in the future.
  const startRevision = of.start === 0 ? 0 : Math.max(1, current + of.start);
  const opened: WatchRequest = { ...of.range, startRevision, prevKv: of.prevKv, filters: of.filters };
  stage.open(opened);
  return { start: startRevision === 0 ? current + 1 : startRevision, request: opened };
}

/** What a watch says it has handed over, it has. */
function checkProgress(stage: Stage, opened: readonly Opened[]): void {
  stage.watches.forEach(({ watcher, got, closed }, at) => {
    const upTo = closed || watcher.ended ? undefined : watcher.progress();
    if (upTo === undefined) return;
    const { start, request: of } = opened[at]!;
    expect(toldOf(got, of)).toEqual(expectedOf(stage, of, start).filter((text) => Number(text.split(':')[0]) <= upTo));
  });
}

async function take(stage: Stage, opened: Opened[], one: Step): Promise<void> {
  switch (one.type) {
    case 'write': stage.write(one.changes); break;
    case 'open': opened.push(openWatch(stage, one.of)); break;
    case 'poll': stage.poll(one.watch, one.count); break;
    case 'close': {
      const watch = stage.watches[one.watch];
      if (watch) {
        watch.watcher.close();
        watch.closed = true;
      }
      break;
    }
    case 'compact': stage.history.compactedRevision = Math.max(stage.history.compactedRevision, stage.history.currentRevision - one.back); break;
    case 'turns': for (let turn = 0; turn < one.count; turn++) await nextTurn(); break;
  }
}

test('every watch hands over what a naive model says: in order, once, whole, from its start, whatever goes on meanwhile', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 }), async (steps, turnsPerRead, revisionsPerRead) => {
    const stage = new Stage();
    Object.assign(stage.history, { turnsPerRead, revisionsPerRead });
    const opened: Opened[] = [];
    for (const one of steps) {
      await take(stage, opened, one);
      checkProgress(stage, opened);
    }
    await stage.finish();
    expect(stage.failures).toEqual([]);
    stage.watches.forEach(({ got, closed, watcher }, at) => {
      const { start, request: of } = opened[at]!;
      const expected = expectedOf(stage, of, start);
      const told = toldOf(got, of);
      const last = got[got.length - 1];
      if (last?.type === 'compacted') {
        expect(told).toEqual(expected.slice(0, told.length));
        expect(start).toBeLessThan(last.compactRevision);
        // What it did not get any more was compacted, at least from its beginning on.
        if (told.length < expected.length) expect(Number(told.at(-1)?.split(':')[0] ?? start - 1)).toBeLessThan(last.compactRevision);
      } else if (closed) expect(told).toEqual(expected.slice(0, told.length));
      else {
        expect(told).toEqual(expected);
        expect(watcher.progress()).toBe(start > stage.history.currentRevision + 1 ? undefined : stage.history.currentRevision);
      }
    });
  }), { numRuns: 400 });
}, 60_000);

// --- one by one -----------------------------------------------------------------------------------------------------

describe('a watch', () => {
  it('whose start lies below the compaction ends with it; one at it does not', async () => {
    const stage = new Stage();
    for (let at = 0; at < 5; at++) stage.write([put('a')]);
    stage.history.compactedRevision = 4;
    const below = stage.open({ key: 'a', startRevision: 3 });
    const at = stage.open({ key: 'a', startRevision: 4 });
    await stage.finish();
    expect(below.got).toEqual([{ type: 'compacted', revision: 6, compactRevision: 4 }]);
    expect(revisionsOf(at.got)).toEqual([4, 5, 6]);
  });

  it('of the future is quiet until then', async () => {
    const stage = new Stage();
    const watch = stage.open({ key: 'a', startRevision: 4 });
    for (let at = 0; at < 4; at++) stage.write([put('a')]);
    await stage.finish();
    expect(revisionsOf(watch.got)).toEqual([4, 5]);
  });

  it('that nobody reads holds a bounded number of bytes, and gets the rest from history later', async () => {
    const stage = new Stage();
    const watch = stage.open({ key: 'a' });
    const bytes = WATCHER_QUEUE_BYTES_MAX / 8;
    for (let at = 0; at < 40; at++) stage.write([put('a', bytes)]);
    expect(watch.watcher.synced).toBe(false);
    expect(watch.watcher.progress()).toBeUndefined();
    let queued = 0;
    for (let batch = watch.watcher.poll(); batch; batch = watch.watcher.poll()) {
      queued += bytes;
      watch.got.push(batch);
    }
    expect(queued).toBeLessThanOrEqual(WATCHER_QUEUE_BYTES_MAX);
    await stage.finish();
    expect(revisionsOf(watch.got)).toEqual(Array.from({ length: 40 }, (_, at) => at + 2));
  });

  it('gets a revision that is larger than its whole queue', async () => {
    const stage = new Stage();
    const watch = stage.open({ key: 'a', rangeEnd: 'c' });
    stage.write([put('a', 2 * WATCHER_QUEUE_BYTES_MAX), put('b', 2 * WATCHER_QUEUE_BYTES_MAX)]);
    stage.write([put('a')]);
    await stage.finish();
    expect(watch.got.map((batch) => batch.type === 'events' && batch.events.length)).toEqual([2, 1]);
  });

  it('of an empty range is refused', () => {
    const stage = new Stage();
    expect(() => stage.hub.open({ key: 'b', rangeEnd: 'a' })).toThrow(expect.objectContaining({ code: 'watch_range_empty' }));
    expect(() => stage.hub.open({ key: 'b', rangeEnd: 'b' })).toThrow(expect.objectContaining({ code: 'watch_range_empty' }));
    expect(stage.hub.counts).toEqual({ open: 0, behind: 0 });
  });

  it('ends with the hub, which opens none any more and fails over nothing', async () => {
    const stage = new Stage();
    stage.write([put('a')]);
    const watch = stage.open({ key: 'a', startRevision: 1 });
    const idle = stage.open({ key: 'x', rangeEnd: 'y' });
    stage.history.history = () => Promise.reject(new Error('closed'));
    stage.hub.stop('the end');
    await nextTurn();
    await nextTurn();
    for (const { watcher } of [watch, idle]) expect(watcher.poll()).toMatchObject({ type: 'cancelled', reason: 'the end' });
    expect(() => stage.hub.open({ key: 'a' })).toThrow(expect.objectContaining({ code: 'stopped' }));
    expect(stage.failures).toEqual([]);
  });

  it('tells the member when history cannot be read', async () => {
    const stage = new Stage();
    stage.write([put('a')]);
    stage.history.history = () => Promise.reject(new Error('no history'));
    stage.open({ key: 'a', startRevision: 1 });
    await nextTurn();
    await nextTurn();
    expect(stage.failures.map(({ message }) => message)).toEqual(['no history']);
  });

  it('can be closed, and others opened, by whoever hears of a change', async () => {
    const stage = new Stage();
    const first = stage.open({ key: 'a', rangeEnd: 'b' });
    const second = stage.open({ key: 'a', rangeEnd: 'b' });
    let third: Stage['watches'][number] | undefined;
    first.watcher.onReadable(() => {
      second.watcher.close();
      third ??= stage.open({ key: 'a', rangeEnd: 'b', startRevision: 2 });
    });
    stage.write([put('a')]);
    stage.write([put('a')]);
    await stage.finish();
    expect(revisionsOf(first.got)).toEqual([2, 3]);
    expect(second.got).toEqual([]);
    expect(revisionsOf(third!.got)).toEqual([2, 3]);
  });

  it('read as an iterable gives the same, and ends when it is closed', async () => {
    const stage = new Stage();
    stage.write([put('a')]);
    const watch = stage.hub.open({ key: 'a', startRevision: 2 });
    const seen: number[] = [];
    for await (const { revision } of watch) {
      seen.push(revision);
      if (revision < 5) stage.write([put('a')]);
      else break;
    }
    expect(seen).toEqual([2, 3, 4, 5]);
    expect(stage.hub.counts).toEqual({ open: 0, behind: 0 });
  });
});

describe('thousands of watches', () => {
  it('of one range share a batch, and those of the same kind its list', () => {
    const stage = new Stage();
    for (let at = 0; at < 1000; at++) stage.open({ key: 'a', rangeEnd: 'c', prevKv: at % 2 === 0 });
    stage.write([put('a'), put('b')]);
    stage.write([put('a'), put('b')]);
    const batches = new Set(stage.watches.flatMap(({ watcher }) => [watcher.poll(), watcher.poll()]));
    expect(batches.size).toBe(4);
  });

  it('that resume an old revision share reads of history, and do not hold up one that is nearly there', async () => {
    const stage = new Stage();
    stage.history.revisionsPerRead = 100;
    for (let at = 0; at < 3000; at++) stage.write([put('ab'[at % 2]!)]);
    for (let at = 0; at < 5000; at++) stage.open({ key: at % 3 === 0 ? 'a' : 'b', startRevision: 2 });
    const near = stage.open({ key: 'a', startRevision: stage.history.currentRevision - 10 });
    while (!near.watcher.synced) await nextTurn();
    expect(stage.history.reads).toBeLessThan(6);
    await stage.finish();
    // 30 reads make up the history; the watches are too many for one group.
    expect(stage.history.reads).toBeLessThanOrEqual(2 * 31 + 1);
    for (const { got, request: of } of stage.watches.slice(0, 5000)) expect(got).toHaveLength(expectedOf(stage, of, 2).length);
  }, 30_000);

  it('get a huge revision in slices, while others are served', async () => {
    const stage = new Stage();
    for (let at = 0; at < 200; at++) stage.open({ key: 'k', rangeEnd: 'l', prevKv: at % 2 === 0 });
    const other = stage.open({ key: 'z' });
    const keys = 20_000;
    stage.write(Array.from({ length: keys }, (_, at) => put(`k${at}`, 1)));
    let turns = 0;
    const count = (): void => {
      turns++;
      if (stage.hub.counts.behind > 0) setImmediate(count);
    };
    setImmediate(count);
    stage.write([put('z')]);
    await stage.finish();
    expect(turns).toBeGreaterThan(10);
    expect(revisionsOf(other.got)).toEqual([3]);
    for (const { got } of stage.watches.slice(0, 200)) {
      expect(got).toHaveLength(1);
      expect(got[0]?.type === 'events' && got[0].events.length).toBe(keys);
    }
  }, 30_000);
});
