import type { CommandResult } from '../machine/applied';
import { Waiters } from './waiters';

const DONE: CommandResult = { type: 'done' };

test('those whose time is up are told so, in order; the others go on waiting', async () => {
  const waiters = new Waiters(100);
  const first = waiters.park(1, 0);
  const second = waiters.park(2, 50);
  waiters.expire(99);
  expect(waiters.size).toBe(2);
  waiters.expire(100);
  await expect(first).rejects.toMatchObject({ code: 'timeout', outcome: 'unknown' });
  expect(waiters.has(1)).toBe(false);
  waiters.settle(1, DONE);
  waiters.settle(2, DONE);
  await expect(second).resolves.toBe(DONE);
  waiters.expire(1000);
});

test('a caller that goes away hears no more, and a signal that outlives its calls keeps no listeners', async () => {
  const waiters = new Waiters(100);
  const gone = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const { signal } = gone;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => { listeners.added++; add(...args); };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => { listeners.removed++; remove(...args); };
  for (let id = 1; id <= 3; id++) {
    const answer = waiters.park(id, 0, signal);
    waiters.settle(id, DONE);
    await answer;
  }
  expect(listeners).toEqual({ added: 3, removed: 3 });
  const left = waiters.park(4, 0, signal);
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'cancelled', outcome: 'unknown' });
  expect(waiters.size).toBe(0);
});

test('a result that nobody waits for any more may fail without harm', async () => {
  const waiters = new Waiters(100);
  waiters.settle(7, Promise.reject(new Error('history could not be read')));
  await new Promise((resolve) => { setImmediate(resolve); });
});

test('all are told when the member ends', async () => {
  const waiters = new Waiters(100);
  const both = [waiters.park(1, 0), waiters.park(2, 0)];
  waiters.failAll('stopped');
  for (const one of both) await expect(one).rejects.toMatchObject({ code: 'stopped' });
});
