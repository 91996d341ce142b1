import fc from 'fast-check';
import { type DeadlineEntry, DeadlineWheel } from './deadline-wheel';

class Entry implements DeadlineEntry {
  deadlineMs = 0;
  deadlineNext: DeadlineEntry | undefined;
  deadlinePrevious: DeadlineEntry | undefined;
  expiredMs: number | undefined;

  constructor(readonly clock: { nowMs: number }) {}

  expire(): void {
    this.expiredMs = this.clock.nowMs;
  }
}

describe('DeadlineWheel', () => {
  const step = fc.oneof(
    fc.record({ add: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 50_000 })) }), fc.record({ remove: fc.nat({ max: 30 }) }),
    fc.record({ wait: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 30_000 })) }),
  );

  test('expires each entry once, never early, and at most a slot after the next look', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = { nowMs: 12_345 };
      const wheel = new DeadlineWheel();
      const entries: { entry: Entry; dueMs: number; removed: boolean }[] = [];
      for (const item of steps) {
        if ('add' in item) {
          const entry = new Entry(clock);
          entries.push({ entry, dueMs: clock.nowMs + item.add, removed: false });
          wheel.add(entry, clock.nowMs + item.add, clock.nowMs);
          expect(wheel.nextMs).toBeLessThanOrEqual(clock.nowMs + item.add + 10);
        } else if ('remove' in item) {
          const chosen = entries[item.remove];
          if (chosen?.entry.expiredMs === undefined && chosen) chosen.removed = true;
          if (chosen) wheel.remove(chosen.entry);
        } else {
          clock.nowMs += item.wait;
          wheel.advance(clock.nowMs);
        }
        for (const { entry, dueMs, removed } of entries) {
          if (removed) expect(entry.expiredMs).toBeUndefined();
          else if (entry.expiredMs === undefined) expect(dueMs).toBeGreaterThan(clock.nowMs - 11);
          else expect(entry.expiredMs).toBeGreaterThanOrEqual(dueMs);
        }
      }
      const left = entries.filter(({ entry, removed }) => !removed && entry.expiredMs === undefined);
      expect(wheel.size).toBe(left.length);
      clock.nowMs += 100_000;
      wheel.advance(clock.nowMs);
      expect(left.every(({ entry }) => entry.expiredMs === clock.nowMs)).toBe(true);
      expect([wheel.size, wheel.nextMs]).toEqual([0, Infinity]);
    }), { numRuns: 1000, seed: 5 });
  });
});
