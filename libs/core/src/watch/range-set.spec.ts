import fc from 'fast-check';
import { RangeSet } from './range-set';

interface Member {
  readonly key: string;
  readonly end: string;
  readonly name: number;
}

const key = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\xff'), minLength: 1, maxLength: 3 });
const end = fc.oneof(fc.constant(''), fc.constant('\0'), key);
const operation = fc.record({ add: fc.boolean(), key, end, name: fc.nat(4) });

function covers({ key: from, end: to }: Member, of: string): boolean {
  if (to === '') return of === from;
  return of >= from && (to === '\0' || of < to);
}

function found(set: RangeSet<number>, of: string): number[] {
  const names: number[] = [];
  set.forEachCovering(of, (members) => names.push(...members));
  return names.sort((a, b) => a - b);
}

test('it finds who covers a key as a search through all of them does', () => {
  fc.assert(fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), fc.array(key, { minLength: 1, maxLength: 20 }), (operations, probes) => {
    const set = new RangeSet<number>();
    let model: Member[] = [];
    for (const { add, ...member } of operations) {
      const same = (other: Member): boolean => other.key === member.key && other.end === member.end && other.name === member.name;
      if (add) {
        set.add(member.key, member.end, member.name);
        if (!model.some(same)) model.push(member);
      } else {
        set.remove(member.key, member.end, member.name);
        model = model.filter((other) => !same(other));
      }
    }
    for (const probe of probes) expect(found(set, probe)).toEqual(model.filter((member) => covers(member, probe)).map(({ name }) => name).sort((a, b) => a - b));
    let all = 0;
    set.forEachSet((members) => { all += members.size; });
    expect(all).toBe(model.length);
    expect(set.isEmpty).toBe(model.length === 0);
  }), { numRuns: 1000 });
});

test('many ranges in order, out of order and nested stay quick to search', () => {
  const set = new RangeSet<number>();
  const count = 20_000;
  const name = (at: number): string => String(at).padStart(6, '0');
  for (let at = 0; at < count; at++) set.add(name(at), name(at + 1), at);
  for (let at = 0; at < 100; at++) set.add(name(0), name(count - at), count + at);
  let visits = 0;
  for (let at = 0; at < count; at += 50) {
    set.forEachCovering(name(at), (members) => { visits += members.size; });
  }
  expect(visits).toBe((count / 50) * 101 - ranges(count, 50));
  for (let at = 0; at < count; at++) set.remove(name(at), name(at + 1), at);
  for (let at = 0; at < 100; at++) set.remove(name(0), name(count - at), count + at);
  expect(set.isEmpty).toBe(true);
});

/** How often a probe lies behind the end of one of the 100 long ranges. */
function ranges(count: number, step: number): number {
  let behind = 0;
  for (let at = 0; at < count; at += step) for (let range = 0; range < 100; range++) if (at >= count - range) behind++;
  return behind;
}
