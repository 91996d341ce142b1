import { SystemClock } from './system-clock';
import { SystemRandom } from './system-random';

describe('SystemClock', () => {
  const clock = new SystemClock();

  test('a timer never fires early', async () => {
    for (const delayMs of [0, 0.4, 1, 3.7, 12]) {
      const start = clock.monotonicMs();
      await new Promise<void>((resolve) => {
        clock.setTimer(delayMs, resolve);
      });
      expect(clock.monotonicMs() - start).toBeGreaterThanOrEqual(delayMs);
    }
  });

  test('a cancelled timer does not fire, nor does one of months at once', async () => {
    let fired = 0;
    const cancels = [clock.setTimer(1, () => fired++), clock.setTimer(1e10, () => fired++)];
    cancels[0]!();
    await new Promise<void>((resolve) => {
      clock.setTimer(20, resolve);
    });
    cancels[1]!();
    cancels[1]!();
    expect(fired).toBe(0);
  });

  test('the wall clock counts from 1970, the other one never goes back', () => {
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1000);
    let last = clock.monotonicMs();
    for (let reading = 0; reading < 1000; reading++) {
      const now = clock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

test('SystemRandom gives numbers below the limit, and as many bytes as asked for', () => {
  const random = new SystemRandom();
  for (let draw = 0; draw < 1000; draw++) expect([0, 1, 2]).toContain(random.int(3));
  expect(random.int(2 ** 32)).toBeLessThan(2 ** 32);
  expect(random.bytes(8).length).toBe(8);
  expect(random.bytes(8).equals(random.bytes(8))).toBe(false);
});
