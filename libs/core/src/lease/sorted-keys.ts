import type { ByteString } from '@quorate/api';

/** Keys that one slice sorts, or merges; a few milliseconds. */
const SLICE_KEYS = 4096;

/** Sorts keys in byte order, yielding between slices: a lease may hold 100,000 of them. Takes the array over. */
export function* sortKeys(keys: ByteString[]): Generator<undefined, ByteString[]> {
  if (keys.length <= SLICE_KEYS) return keys.sort();
  let from: ByteString[] = [];
  for (let start = 0; start < keys.length; start += SLICE_KEYS) {
    for (const key of keys.slice(start, start + SLICE_KEYS).sort()) from.push(key);
    yield;
  }
  for (let run = SLICE_KEYS; run < from.length; run *= 2) from = yield* mergeRuns(from, run);
  return from;
}

/** Merges neighbouring sorted runs of this length. */
function* mergeRuns(from: readonly ByteString[], run: number): Generator<undefined, ByteString[]> {
  const to: ByteString[] = [];
  for (let start = 0; start < from.length; start += 2 * run) {
    const middle = Math.min(start + run, from.length);
    const end = Math.min(start + 2 * run, from.length);
    let left = start;
    let right = middle;
    while (left < middle || right < end) {
      const takeLeft = right === end || (left < middle && (from[left] as ByteString) <= (from[right] as ByteString));
      to.push(from[takeLeft ? left++ : right++] as ByteString);
      if (to.length % SLICE_KEYS === 0) yield;
    }
  }
  return to;
}
