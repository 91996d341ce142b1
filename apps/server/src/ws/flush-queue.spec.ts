import { FlushQueue } from './flush-queue';
import { ManualClock } from './ws-server.testing';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('FlushQueue', () => {
  it('writes after the turn, once for each, and gives the thread back after five milliseconds', async () => {
    const clock = new ManualClock();
    const queue = new FlushQueue(clock);
    const written: number[] = [];
    const flushables = [0, 1, 2, 3, 4].map((at) => ({ flush: (): void => { written.push(at); clock.advance(2); } }));
    for (const flushable of [...flushables, ...flushables]) queue.add(flushable);
    expect(written).toEqual([]);
    await turn();
    expect(written).toEqual([0, 1, 2]);
    queue.remove(flushables[3] as (typeof flushables)[number]);
    await turn();
    expect(written).toEqual([0, 1, 2, 4]);
    await turn();
    expect(written).toEqual([0, 1, 2, 4]);
  });
});
