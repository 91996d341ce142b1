import fc from 'fast-check';
import { sortKeys } from './sorted-keys';

describe('keys sorted in slices', () => {
  it('come out in byte order, whatever their number', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20_000 }), fc.nat(), (count, seed) => {
      const keys = Array.from({ length: count }, (_, at) => String.fromCharCode((at * 7 + seed) % 256, (at * seed) % 256));
      const expected = [...keys].sort();
      const steps = sortKeys(keys);
      let slices = 0;
      let step = steps.next();
      for (; !step.done; step = steps.next()) slices++;
      expect(step.value).toEqual(expected);
      if (count > 4096) expect(slices).toBeGreaterThanOrEqual(Math.ceil(count / 4096));
    }), { numRuns: 25 });
  });
});
