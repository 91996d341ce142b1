import { SimClock } from './sim-clock';

const promisesRan = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

test('timers fire in order, each at its moment, with what follows from it', async () => {
  const clock = new SimClock(promisesRan, 100);
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push(`b ${clock.monotonicMs()}`));
  clock.setTimer(10, () => {
    seen.push(`a ${clock.monotonicMs()}`);
    void Promise.resolve().then(() => clock.defer(() => seen.push(`then ${clock.monotonicMs()}`)));
    clock.setTimer(5, () => seen.push(`nested ${clock.monotonicMs()}`));
  });
  clock.setTimer(20, () => seen.push('after b'));
  const cancel = clock.setTimer(1, () => seen.push('cancelled'));
  cancel();
  await clock.advance(20);
  expect(seen).toEqual(['a 110', 'then 110', 'nested 115', 'b 120', 'after b']);
  expect(clock.monotonicMs()).toBe(120);
});

test('after a stall timers are late', async () => {
  const clock = new SimClock(promisesRan);
  const seen: number[] = [];
  clock.setTimer(10, () => seen.push(clock.monotonicMs()));
  clock.stall(500);
  await clock.settle();
  expect(seen).toEqual([500]);
});

test('until gives the value at the moment it is there, and tells when that never comes', async () => {
  const clock = new SimClock(promisesRan);
  await expect(clock.until(clock.sleep(3000).then(() => clock.monotonicMs()))).resolves.toBe(3000);
  await expect(clock.until(clock.sleep(10).then(() => { throw new Error('told'); }))).rejects.toThrow('told');
  await expect(clock.until(new Promise(() => undefined))).rejects.toThrow('never happen');
  clock.setTimer(2000, () => undefined);
  await expect(clock.until(new Promise(() => undefined), 1000)).rejects.toThrow('1000 ms');
});
