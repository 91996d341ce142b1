import { EntryIndex } from './entry-index';

function filled(count: number): EntryIndex {
  const index = new EntryIndex();
  for (let at = 1; at <= count; at++) index.put(at, Math.ceil(at / 100), 1 + Math.floor(at / 1000), at * 8, -at);
  return index;
}

describe('EntryIndex', () => {
  test('finds places and terms, over many entries', () => {
    const index = filled(5000);
    expect([index.firstIndex, index.nextIndex]).toEqual([1, 5001]);
    for (const at of [1, 999, 1000, 1024, 1025, 5000]) {
      expect(index.place(at)).toEqual({ sequence: 1 + Math.floor(at / 1000), offset: at * 8, seed: -at });
      expect(index.term(at)).toBe(Math.ceil(at / 100));
    }
    expect([index.term(0), index.term(5001), index.has(5001)]).toEqual([undefined, undefined, false]);
    expect(() => index.place(5001)).toThrow('no entry 5001');
  });

  test('forgets whole segments, and uses their room again', () => {
    const index = filled(5000);
    index.dropSegmentsBelow(4);
    expect([index.firstIndex, index.nextIndex, index.term(2999), index.term(3000)]).toEqual([3000, 5001, undefined, 30]);
    for (let at = 5001; at <= 20_000; at++) {
      index.put(at, 99, 9, at, 0);
      if (at % 500 === 0) index.dropSegmentsBelow(9);
    }
    expect([index.firstIndex, index.nextIndex, index.place(20_000).offset]).toEqual([5001, 20_001, 20_000]);
  });

  test('an entry replaces that of its index and all after it', () => {
    const index = filled(500);
    index.put(250, 7, 3, 16, 1);
    expect([index.nextIndex, index.term(249), index.term(250), index.term(251)]).toEqual([251, 3, 7, undefined]);
  });

  test('a gap is a broken invariant', () => {
    expect(() => filled(5).put(7, 1, 1, 8, 0)).toThrow('entry 7 put after 5');
  });

  test.each([
    ['of an entry that it has', 300, 3, [1, 501]],
    ['of another entry at that index', 300, 9, [301, 301]],
    ['beyond its end', 600, 9, [601, 601]],
  ])('a snapshot %s', (_, at, term, expected) => {
    const index = filled(500);
    index.markSnapshot(at, term);
    expect([index.firstIndex, index.nextIndex]).toEqual(expected);
  });

  test('a snapshot below its beginning changes nothing', () => {
    const index = filled(3000);
    index.dropSegmentsBelow(2);
    index.markSnapshot(10, 77);
    expect([index.firstIndex, index.nextIndex]).toEqual([1000, 3001]);
  });
});
