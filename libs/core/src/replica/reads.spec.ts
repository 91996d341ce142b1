import { type ReadIndexSource, Reads } from './reads';

class Source implements ReadIndexSource {
  sole = false;
  rounds = 0;
  isSoleLeader(): boolean { return this.sole; }
  requestRound(): void { this.rounds++; }
}

/** Whether the read may be answered by now, or what it was told. */
type Asked = () => Promise<string>;

function ask(all: Reads, nowMs: number): Asked {
  let state = 'waiting';
  all.quorumRound(nowMs).then(() => { state = 'ready'; }, (error: { code: string }) => { state = error.code; });
  return async () => {
    await new Promise((resolve) => { setImmediate(resolve); });
    return state;
  };
}

const reads = (): { source: Source; reads: Reads } => {
  const source = new Source();
  return { source, reads: new Reads(source, 100) };
};

test('a voter alone that leads answers at once', () => {
  const { source, reads: all } = reads();
  source.sole = true;
  expect(all.linearizable(0)).toBeUndefined();
  expect(source.rounds).toBe(0);
});

test('a read that arrives after a round has left waits for the next one', async () => {
  const { source, reads: all } = reads();
  const early = ask(all, 0);
  const first = all.startRound()!;
  const late = ask(all, 0);
  expect(source.rounds).toBe(2);
  all.confirm(first, 0);
  expect(await early()).toBe('ready');
  expect(await late()).toBe('waiting');
  all.confirm(first, 0);
  expect(await late()).toBe('waiting');
  all.confirm(all.startRound()!, 0);
  expect(await late()).toBe('ready');
  expect(all.startRound()).toBeUndefined();
});

test('a confirmed round waits until its index is applied', async () => {
  const { reads: all } = reads();
  all.applied(4);
  const read = ask(all, 0);
  all.confirm(all.startRound()!, 6);
  all.applied(5);
  expect(await read()).toBe('waiting');
  all.applied(6);
  expect(await read()).toBe('ready');
});

test('the reads of a dropped round join the next one, and their time goes on', async () => {
  const { source, reads: all } = reads();
  const read = ask(all, 0);
  all.drop(all.startRound()!);
  expect(source.rounds).toBe(2);
  const later = ask(all, 50);
  const round = all.startRound()!;
  all.expire(100);
  expect(await read()).toBe('timeout');
  all.confirm(round, 0);
  expect(await later()).toBe('ready');
});

test('time runs out in every place: waiting, under way, confirmed but not applied', async () => {
  const { reads: all } = reads();
  const confirmed = ask(all, 0);
  all.confirm(all.startRound()!, 9);
  const underWay = ask(all, 0);
  all.startRound();
  const waiting = ask(all, 0);
  all.expire(99);
  expect(await waiting()).toBe('waiting');
  all.expire(100);
  for (const read of [confirmed, underWay, waiting]) expect(await read()).toBe('timeout');
});

test('the end of the member ends them all, and whoever comes later', async () => {
  const { reads: all } = reads();
  const early = ask(all, 0);
  all.stop('stopped');
  expect(await early()).toBe('stopped');
  expect(await ask(all, 0)()).toBe('stopped');
});
