import * as fc from 'fast-check';
import { OrderedKeys } from './ordered-keys';

function sliceAll(order: OrderedKeys, from: string, to: string | undefined, max: number): number[] {
  const slots: number[] = [];
  for (let next: string | undefined = from; next !== undefined;) {
    const before = slots.length;
    next = order.slice(next, to, max, slots);
    expect(slots.length - before).toBeLessThanOrEqual(max);
  }
  return slots;
}

const key = (number: number): string => `k${String(number).padStart(5, '0')}`;

test('holds the order through splits and merges, whatever comes and goes', () => {
  const changes = fc.array(fc.tuple(fc.boolean(), fc.nat(1500)), { minLength: 500, maxLength: 3000 });
  fc.assert(fc.property(changes, fc.nat(1500), fc.nat(1500), fc.integer({ min: 1, max: 90 }), (list, from, to, max) => {
    const order = new OrderedKeys();
    const present = new Set<number>();
    for (const [add, number] of list) {
      if (add === present.has(number)) continue;
      if (add) {
        order.add(key(number), number);
        present.add(number);
      } else {
        order.remove(key(number));
        present.delete(number);
      }
    }
    const sorted = [...present].sort((a, b) => a - b);
    expect(order.size).toBe(sorted.length);
    expect(sliceAll(order, '\0', undefined, max)).toEqual(sorted);
    expect(sliceAll(order, key(from), key(to), max)).toEqual(sorted.filter((number) => number >= from && number < to));
  }), { numRuns: 60, seed: 2 });
});

test.each([['ascending', (at: number) => at], ['descending', (at: number) => 9999 - at], ['scattered', (at: number) => (at * 7919) % 10_000]])('%s insertion and removal leave nothing behind', (_name, place) => {
  const order = new OrderedKeys();
  for (let at = 0; at < 10_000; at++) order.add(key(place(at)), place(at));
  expect(sliceAll(order, '\0', undefined, 1000)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
  for (let at = 0; at < 10_000; at++) order.remove(key(place(at)));
  expect(sliceAll(order, '\0', undefined, 1000)).toEqual([]);
  expect(order.size).toBe(0);
});

test('bytes above 127 sort after all others, as memcmp has it', () => {
  const order = new OrderedKeys();
  ['\xff', 'a', '\x80', '\0', 'a\0', 'a\xff', 'b'].forEach((each, slot) => order.add(each, slot));
  expect(sliceAll(order, '\0', undefined, 100)).toEqual([3, 1, 4, 5, 6, 2, 0]);
  expect(sliceAll(order, 'a', 'a\xff', 100)).toEqual([1, 4]);
});

test('a key that is not there cannot be removed', () => {
  expect(() => new OrderedKeys().remove('a')).toThrow('not in the order');
});
