import * as fc from 'fast-check';
import { RevisionChains } from './revision-chains';

test('finds the version of every revision that is not compacted, with freed nodes used again by other chains', () => {
  const step = fc.record({ chain: fc.nat(3), gap: fc.integer({ min: 1, max: 3 }), compact: fc.constantFrom(0, 0, 0, 0, 0.3, 1) });
  fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
    const chains = new RevisionChains();
    /** Per chain, oldest first; `until` is the revision of the next one. */
    const kept: { node: number; main: number; until: number }[][] = [[], [], [], []];
    let revision = 1;
    let compacted = -1;
    for (const { chain, gap, compact } of steps) {
      const list = kept[chain];
      const main = (revision += gap);
      const last = list[list.length - 1];
      const previous = last !== undefined && last.main > compacted ? (list[list.length - 2]?.node ?? 0) : 0;
      if (last !== undefined) {
        last.until = main;
        last.node = chains.add(last.main, 0, false, 10, previous, compacted);
      }
      list.push({ node: 0, main, until: Infinity });
      if (compact > 0) {
        compacted = Math.max(compacted, Math.floor(revision * compact));
        for (const each of kept) while (each.length > 1 && each[0].until <= compacted) chains.free((each.shift() as { node: number }).node);
      }
      for (const each of kept) {
        const newest = each[each.length - 1];
        const head = each[each.length - 2]?.node ?? 0;
        if (newest === undefined || head === 0) continue;
        for (let at = Math.max(compacted, 1); at < newest.main; at++) {
          const expected = each.slice(0, -1).reverse().find((version) => version.main <= at)?.node ?? 0;
          if (chains.find(head, at) !== expected) throw new Error(`revision ${at} is found at node ${chains.find(head, at)}, not ${expected}`);
        }
      }
    }
  }), { numRuns: 200, seed: 4 });
});

test('a chain of a hundred thousand versions is searched in a few steps', () => {
  const chains = new RevisionChains();
  let head = 0;
  for (let main = 2; main < 100_002; main++) head = chains.add(main, 0, false, 1, head, -1);
  const columns = chains as unknown as { chunks: { main: Float64Array }[] };
  let looks = 0;
  columns.chunks.forEach((chunk) => {
    const { main } = chunk;
    Object.defineProperty(chunk, 'main', { get: () => (looks++, main) });
  });
  expect(chains.main(chains.find(head, 50_000))).toBe(50_000);
  expect(looks).toBeLessThan(60);
});
