import { type KvApi, type RequestOp, WatchFilter } from '@quorate/api';
import { eventsUntil, everything, nextBatch, nextEvents, readable, scopeOf, told } from './contract-scope.testing';

const refused = (code: string): unknown => expect.objectContaining({ name: 'ApiError', code });
const put = (key: string, value: string): RequestOp => ({ type: 'put', request: { key, value: Buffer.from(value) } });

export function watchContract(kv: () => KvApi): void {
  describe('watches', () => {
    it('tell the changes of their range after their creation, in order, each once', async () => {
      const scope = scopeOf(kv());
      const before = await scope.put('a', 'before');
      const watch = await kv().watch(everything(scope));
      expect(watch.createdRevision).toBeGreaterThanOrEqual(before);
      const revisions: number[] = [];
      for (let at = 0; at < 50; at++) revisions.push(await scope.put(`k${at % 7}`, `${at}`));
      const batches = await eventsUntil(watch, revisions.at(-1) as number);
      expect(batches.map(({ revision }) => revision)).toEqual(revisions);
      expect(batches.flatMap(({ events }) => told(scope, events))).toEqual(revisions.map((_, at) => `PUT k${at % 7}=${at}`));
      expect(batches.flatMap(({ events }) => events).every(({ prevKv }) => prevKv === undefined)).toBe(true);
      watch.close();
    });

    it('tell of one key, or from a key on, and of nothing else', async () => {
      const scope = scopeOf(kv());
      const one = await kv().watch({ key: scope.key('b') });
      const from = await kv().watch({ key: scope.key('b'), rangeEnd: scope.key('d') });
      for (const name of ['a', 'b', 'c', 'd']) await scope.put(name);
      const last = await scope.put('b', 'end');
      expect((await eventsUntil(one, last)).flatMap(({ events }) => told(scope, events))).toEqual(['PUT b=b', 'PUT b=end']);
      expect((await eventsUntil(from, last)).flatMap(({ events }) => told(scope, events))).toEqual(['PUT b=b', 'PUT c=c', 'PUT b=end']);
      one.close();
      from.close();
    });

    it('never split a revision', async () => {
      const scope = scopeOf(kv());
      const watch = await kv().watch(everything(scope));
      const past: number[] = [];
      for (let round = 0; round < 5; round++) {
        const success = Array.from({ length: 40 }, (_, at) => put(scope.key(`${at}`.padStart(2, '0')), `${round}`));
        past.push((await kv().txn({ compare: [], success, failure: [] })).header.revision);
      }
      past.push((await kv().deleteRange(everything(scope))).header.revision);
      const live = await eventsUntil(watch, past.at(-1) as number);
      expect(live.map(({ revision, events }) => [revision, events.length])).toEqual(past.map((revision) => [revision, 40]));
      const again = await kv().watch({ ...everything(scope), startRevision: past[0] as number });
      const history = await eventsUntil(again, past.at(-1) as number);
      expect(history.map(({ revision, events }) => [revision, events.length])).toEqual(past.map((revision) => [revision, 40]));
      expect(history.map(({ events }) => events.map(({ type, kv: { key, value } }) => [type, key, value.toString()])))
        .toEqual(live.map(({ events }) => events.map(({ type, kv: { key, value } }) => [type, key, value.toString()])));
      watch.close();
      again.close();
    });

    it('begin in the past or in the future, the first revision included', async () => {
      const scope = scopeOf(kv());
      await scope.put('a', '1');
      const second = await scope.put('a', '2');
      const third = await scope.put('a', '3');
      const past = await kv().watch({ ...everything(scope), startRevision: second });
      expect((await eventsUntil(past, third)).flatMap(({ events }) => told(scope, events))).toEqual(['PUT a=2', 'PUT a=3']);
      const future = await kv().watch({ ...everything(scope), startRevision: third + 3 });
      await scope.put('a', '4');
      await scope.put('a', '5');
      const wanted = await scope.put('a', '6');
      expect(wanted).toBe(third + 3);
      expect((await eventsUntil(future, wanted)).flatMap(({ events }) => told(scope, events))).toEqual(['PUT a=6']);
      past.close();
      future.close();
    });

    it('resume after any revision without loss or repetition', async () => {
      const scope = scopeOf(kv());
      const first = await scope.put('k0', '0');
      let last = first;
      for (let at = 1; at < 30; at++) last = await scope.put(`k${at % 5}`, `${at}`);
      for (const stop of [first, first + 7, last - 1]) {
        const before = await kv().watch({ ...everything(scope), startRevision: first });
        const seen = await eventsUntil(before, stop);
        before.close();
        const after = await kv().watch({ ...everything(scope), startRevision: stop + 1 });
        const rest = await eventsUntil(after, last);
        after.close();
        const values = [...seen.filter(({ revision }) => revision <= stop), ...rest].flatMap(({ events }) => events.map(({ kv: { value } }) => value.toString()));
        expect(values).toEqual(Array.from({ length: 30 }, (_, at) => `${at}`));
      }
    });

    it('tell deletions by key and revision only, and what was there before where asked to', async () => {
      const scope = scopeOf(kv());
      await scope.put('a', '1');
      const watch = await kv().watch({ ...everything(scope), prevKv: true });
      await scope.put('a', '2');
      await scope.put('b', '1');
      const deletion = (await kv().deleteRange(everything(scope))).header.revision;
      const last = await scope.put('a', '3');
      const batches = await eventsUntil(watch, last);
      const expected = ['PUT a=2 (1)', 'PUT b=1', 'DELETE a (2)', 'DELETE b (1)', 'PUT a=3'];
      expect(batches.flatMap(({ events }) => told(scope, events))).toEqual(expected);
      const tombstone = batches.find(({ revision }) => revision === deletion)?.events[0]?.kv;
      expect(tombstone).toMatchObject({ key: scope.key('a'), modRevision: deletion, createRevision: 0, version: 0, lease: 0n });
      expect(tombstone?.value).toHaveLength(0);
      const again = await kv().watch({ ...everything(scope), prevKv: true, startRevision: watch.createdRevision + 1 });
      expect((await eventsUntil(again, last)).flatMap(({ events }) => told(scope, events))).toEqual(expected);
      watch.close();
      again.close();
    });

    it.each([
      ['puts', WatchFilter.NODELETE, ['PUT a=1', 'PUT a=2', 'PUT z=end']],
      ['deletions', WatchFilter.NOPUT, ['DELETE a', 'DELETE z']],
    ])('tell only %s where asked to', async (_name, filter, expected) => {
      const scope = scopeOf(kv());
      const live = await kv().watch({ ...everything(scope), filters: [filter] });
      const start = await scope.put('a', '1');
      await kv().deleteRange({ key: scope.key('a') });
      await scope.put('a', '2');
      const end = await scope.put('z', 'end');
      const gone = (await kv().deleteRange({ key: scope.key('z') })).header.revision;
      const until = filter === WatchFilter.NOPUT ? gone : end;
      expect((await eventsUntil(live, until)).flatMap(({ events }) => told(scope, events))).toEqual(expected);
      const past = await kv().watch({ ...everything(scope), filters: [filter], startRevision: start });
      expect((await eventsUntil(past, until)).flatMap(({ events }) => told(scope, events))).toEqual(expected);
      live.close();
      past.close();
    });

    it('end with the compacted revision where their start is gone', async () => {
      const scope = scopeOf(kv());
      const first = await scope.put('a', '1');
      await scope.put('a', '2');
      const last = await scope.put('a', '3');
      await kv().compact({ revision: last });
      const watch = await kv().watch({ ...everything(scope), startRevision: first });
      expect(await nextBatch(watch)).toMatchObject({ type: 'compacted', compactRevision: last });
      const batches = [];
      for await (const batch of await kv().watch({ ...everything(scope), startRevision: first })) batches.push(batch.type);
      expect(batches).toEqual(['compacted']);
      // The compacted revision itself is still there.
      const kept = await kv().watch({ ...everything(scope), startRevision: last });
      expect((await nextEvents(kept)).events.map(({ kv: { value } }) => value.toString())).toEqual(['3']);
      kept.close();
    });

    it('are refused where no key can be in the range', async () => {
      await expect(kv().watch({ key: 'b', rangeEnd: 'a' })).rejects.toEqual(refused('watch_range_empty'));
      await expect(kv().watch({ key: 'a', rangeEnd: 'a' })).rejects.toEqual(refused('watch_range_empty'));
    });

    it('are read as an iteration, which ends when they are closed', async () => {
      const scope = scopeOf(kv());
      const watch = await kv().watch(everything(scope));
      await scope.put('a');
      await scope.put('b');
      const seen: string[] = [];
      for await (const batch of watch) {
        if (batch.type === 'events') seen.push(...told(scope, batch.events));
        if (seen.length === 2) watch.close();
      }
      expect(seen).toEqual(['PUT a=a', 'PUT b=b']);
      const aborted = new AbortController();
      const other = await kv().watch(everything(scope), { signal: aborted.signal });
      const ending = (async () => { for await (const batch of other) seen.push(batch.type); })();
      aborted.abort();
      await ending;
      expect(seen).toHaveLength(2);
    });

    it('do not wait for one another: a reader who does not read gets everything later', async () => {
      const scope = scopeOf(kv());
      const slow = await kv().watch(everything(scope));
      const quick = await kv().watch(everything(scope));
      const revisions: number[] = [];
      // More than any watch holds for its reader.
      const value = 'x'.repeat(100_000);
      for (let at = 0; at < 40; at++) revisions.push(await scope.put(`k${at}`, value));
      expect((await eventsUntil(quick, revisions.at(-1) as number)).map(({ revision }) => revision)).toEqual(revisions);
      expect((await eventsUntil(slow, revisions.at(-1) as number)).map(({ revision }) => revision)).toEqual(revisions);
      const next = await scope.put('next');
      expect((await nextEvents(slow)).revision).toBe(next);
      slow.close();
      quick.close();
    });

    it('say how far everything was told', async () => {
      const scope = scopeOf(kv());
      const watch = await kv().watch({ ...everything(scope), progressNotify: true });
      expect(watch.progress()).toBeGreaterThanOrEqual(watch.createdRevision);
      const revision = await scope.put('a');
      expect((await nextEvents(watch)).revision).toBe(revision);
      expect(watch.progress()).toBeGreaterThanOrEqual(revision);
      const elsewhere = await scopeOf(kv()).put('b');
      while ((watch.progress() ?? 0) < elsewhere) {
        if (!watch.poll()) await readable(watch);
      }
      watch.close();
    });

    it('tell a transaction as it was', async () => {
      const scope = scopeOf(kv());
      const watch = await kv().watch({ ...everything(scope), prevKv: true });
      await scope.put('a', '1');
      const success: RequestOp[] = [put(scope.key('b'), '2'), { type: 'deleteRange', request: { key: scope.key('a') } }];
      const { revision } = (await kv().txn({ compare: [], success, failure: [] })).header;
      const batches = await eventsUntil(watch, revision);
      expect(told(scope, batches.at(-1)?.events ?? [])).toEqual(['PUT b=2', 'DELETE a (1)']);
      watch.close();
    });
  });
}
