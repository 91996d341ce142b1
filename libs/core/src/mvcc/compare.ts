import { type Compare, CompareResult, CompareTarget, type KeyValue } from '@quorate/api';

/** Whether a condition holds for the keys of its range at the present; all of `kvs` is in memory. */
export function holds(compare: Compare, kvs: readonly KeyValue[]): boolean {
  if (kvs.length > 0) return kvs.every((kv) => fits(compare.result, difference(compare, kv)));
  // A missing value cannot be told from an empty one on the wire, so comparing it always fails; all else compares as zero.
  return compare.target !== CompareTarget.VALUE && fits(compare.result, difference(compare, undefined));
}

function difference(compare: Compare, kv: KeyValue | undefined): number {
  switch (compare.target) {
    case CompareTarget.VERSION: return (kv?.version ?? 0) - (compare.version ?? 0);
    case CompareTarget.CREATE: return (kv?.createRevision ?? 0) - (compare.createRevision ?? 0);
    case CompareTarget.MOD: return (kv?.modRevision ?? 0) - (compare.modRevision ?? 0);
    case CompareTarget.VALUE: return kv === undefined ? 0 : compareBytes(kv.value, compare.value);
    case CompareTarget.LEASE: return Number((kv?.lease ?? 0n) > (compare.lease ?? 0n)) - Number((kv?.lease ?? 0n) < (compare.lease ?? 0n));
    default: return 0;
  }
}

function compareBytes(value: Buffer, other: Buffer | undefined): number {
  return other === undefined ? value.length : Buffer.compare(value, other);
}

/** Unknown results hold, as in etcd. */
function fits(result: number, difference: number): boolean {
  switch (result) {
    case CompareResult.EQUAL: return difference === 0;
    case CompareResult.NOT_EQUAL: return difference !== 0;
    case CompareResult.GREATER: return difference > 0;
    case CompareResult.LESS: return difference < 0;
    default: return true;
  }
}
