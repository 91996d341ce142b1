import fc from 'fast-check';
import { HeaderCache } from './header-cache';

describe('HeaderCache', () => {
  test('gives back what was stored for these bytes and this table, or nothing', () => {
    const block = fc.oneof(fc.uint8Array({ maxLength: 4, max: 3 }), fc.uint8Array({ minLength: 40, maxLength: 60, max: 1 }), fc.uint8Array({ minLength: 600, maxLength: 601 }));
    fc.assert(fc.property(fc.array(fc.tuple(block, fc.nat({ max: 1 })), { maxLength: 60 }), (steps) => {
      const cache = new HeaderCache<string>();
      for (const [bytes, version] of steps) {
        const name = `${version} ${Buffer.from(bytes).toString('hex')}`;
        const chunk = Buffer.concat([Buffer.of(7), bytes, Buffer.of(8)]);
        const found = cache.find(chunk, 1, chunk.length - 1, version);
        expect([undefined, name]).toContain(found);
        if (found === undefined) cache.store(chunk, 1, chunk.length - 1, version, name);
        chunk.fill(0xee);
      }
    }), { numRuns: 1000, seed: 4 });
  });

  test('finds a block when it was seen twice', () => {
    const cache = new HeaderCache<string>();
    const block = Buffer.from('block');
    const find = (version = 1): string | undefined => cache.find(block, 0, block.length, version);
    cache.store(block, 0, block.length, 1, 'head');
    expect(find()).toBeUndefined();
    cache.store(block, 0, block.length, 1, 'head');
    expect([find(), find(2)]).toEqual(['head', undefined]);
  });
});
