import fc from 'fast-check';
import { LeaseTable } from './lease-table';

describe('the lease table', () => {
  it('grants an id once, and refuses in the order of etcd', () => {
    const table = new LeaseTable();
    expect(table.grant(1n, 60, 5)).toBeUndefined();
    expect(table.grant(1n, 60, 6)).toBe('lease_exists');
    expect(table.grant(1n, 9_000_000_001, 7)).toBe('lease_ttl_too_large');
    expect(table.grant(2n, 9_000_000_000, 7)).toBeUndefined();
    expect(table.grant(0n, 60, 8)).toBe('lease_unknown');
    expect(table.get(1n)).toMatchObject({ id: 1n, ttlSeconds: 60, remainingSeconds: 60, renewalEpoch: 5 });
  });

  it('takes what was decided at an older epoch for void, after a renewal and after another grant of the id', () => {
    const table = new LeaseTable();
    table.grant(1n, 60, 5);
    expect(table.atEpoch(1n, 5)).toBeDefined();
    table.clear(1n, 9);
    expect(table.atEpoch(1n, 5)).toBeUndefined();
    table.remove(1n);
    expect(table.atEpoch(1n, 9)).toBeUndefined();
    table.grant(1n, 60, 12);
    expect(table.atEpoch(1n, 9)).toBeUndefined();
    expect(table.atEpoch(1n, 12)).toBeDefined();
  });

  it('lets remaining time only shrink until a renewal gives it all back', () => {
    const table = new LeaseTable();
    table.grant(1n, 600, 1);
    table.checkpoint(1n, 300);
    expect(table.get(1n)?.remainingSeconds).toBe(300);
    table.checkpoint(1n, 400);
    expect(table.get(1n)?.remainingSeconds).toBe(300);
    table.checkpoint(1n, -5);
    expect(table.get(1n)?.remainingSeconds).toBe(1);
    expect(table.clear(1n, 2)).toBe(true);
    expect(table.get(1n)).toMatchObject({ remainingSeconds: 600, renewalEpoch: 2 });
    expect(table.clear(2n, 3)).toBe(false);
  });

  it('does not give up a lease that still has keys', () => {
    const table = new LeaseTable();
    table.grant(1n, 60, 1);
    table.attach('key', 0n, 1n);
    expect(() => table.remove(1n)).toThrow('keys');
    table.attach('key', 1n, 0n);
    table.remove(1n);
    expect(() => table.remove(1n)).toThrow('twice');
  });

  it('knows for every key the lease it moved to last', () => {
    const ids = [0n, 1n, 2n, 3n];
    const move = fc.record({ key: fc.constantFrom('a', 'b', 'c', '\xff'), lease: fc.constantFrom(...ids) });
    fc.assert(fc.property(fc.array(move, { maxLength: 50, size: 'max' }), (moves) => {
      const table = new LeaseTable();
      for (const id of ids.slice(1)) table.grant(id, 60, 1);
      const model = new Map<string, bigint>();
      for (const { key, lease } of moves) {
        table.attach(key, model.get(key) ?? 0n, lease);
        model.set(key, lease);
      }
      for (const id of ids.slice(1)) {
        const keys = [...model].filter(([, lease]) => lease === id).map(([key]) => key).sort();
        expect(table.keysOf(id)).toEqual(keys);
        expect(table.get(id)?.keyCount).toBe(keys.length);
      }
    }));
  });

  it('tells each changed lease once until asked again', () => {
    const table = new LeaseTable();
    table.grant(1n, 60, 1);
    table.clear(1n, 2);
    table.grant(2n, 60, 3);
    table.remove(2n);
    expect(table.takeChanged()).toEqual([1n, 2n]);
    expect(table.takeChanged()).toEqual([]);
    table.checkpoint(1n, 10);
    expect(table.takeChanged()).toEqual([1n]);
  });
});
