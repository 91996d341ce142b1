import { type ByteString, type KeyValue, type RangeRequest, type RangeResponse, type ResponseHeader, SortOrder, SortTarget } from '@quorate/api';
import type { RevisionId } from '../ports/backend';
import { isSingleKey, keyRange } from './key-range';
import type { StoredVersion } from './key-value';
import type { Steps } from './steps';
import { NOWHERE, type Versions } from './versions';

/** What a range found in the index at one revision. */
export interface Found {
  /** In order of the keys; `undefined` where the bytes are only in the backend. */
  readonly versions: (StoredVersion | undefined)[];
  /** Positions of the `undefined` ones, and their rows. */
  readonly missing: number[];
  readonly missingIds: RevisionId[];
  /** Keys in the range, whatever the limit. */
  count: number;
}

/** How many versions of a range are wanted: all. */
export const ALL = Infinity;

/** Looks up one key. `revision` must not be below the compacted one. */
export function findOne(versions: Versions, key: ByteString, revision: number, max: number): Found {
  const found: Found = { versions: [], missing: [], missingIds: [], count: 0 };
  const slot = versions.table.find(key);
  if (slot >= 0) add(versions, found, slot, revision, max);
  return found;
}

/**
 * Looks up a range at one revision, a slice of keys at a time. Between slices the caller makes sure that the revision has
 * not been compacted.
 * @param max versions to keep; the rest is only counted
 */
export function* find(versions: Versions, key: ByteString, rangeEnd: ByteString | undefined, revision: number, max: number): Steps<Found> {
  if (isSingleKey(rangeEnd)) return findOne(versions, key, revision, max);
  const { from, to } = keyRange(key, rangeEnd);
  const found: Found = { versions: [], missing: [], missingIds: [], count: 0 };
  const slots: number[] = [];
  let next: ByteString | undefined = from;
  for (;;) {
    slots.length = 0;
    next = versions.order.slice(next, to, versions.sliceKeys, slots);
    for (const slot of slots) add(versions, found, slot, revision, max);
    if (next === undefined) return found;
    yield;
  }
}

function add(versions: Versions, found: Found, slot: number, revision: number, max: number): void {
  const location = versions.locate(slot, revision);
  if (location === NOWHERE) return;
  found.count++;
  if (found.versions.length >= max) return;
  const version = versions.inMemory(slot, location);
  if (version === undefined) {
    found.missing.push(found.versions.length);
    found.missingIds.push(versions.idOf(location));
  }
  found.versions.push(version);
}

/**
 * How many versions a request needs from the index. As in etcd, a sort order or a filter needs them all, but a sort target
 * without an order does not: it sorts the first `limit + 1` keys.
 */
export function versionsWanted(request: RangeRequest): number {
  if (request.countOnly) return 0;
  const limit = request.limit ?? 0;
  if (limit <= 0 || (request.sortOrder ?? 0) !== SortOrder.NONE || isFiltered(request)) return ALL;
  return limit + 1;
}

/** Filters, sorts and cuts what was found; all of it must be in memory. */
export function rangeResponse(request: RangeRequest, found: Found, header: ResponseHeader): RangeResponse {
  let kvs = found.versions as StoredVersion[];
  if (isFiltered(request)) kvs = kvs.filter((kv) => passes(request, kv));
  sort(request, kvs);
  const limit = request.limit ?? 0;
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs.length = limit;
  if (request.keysOnly) kvs = kvs.map((kv) => kv.withoutValue());
  return { header, kvs, more, count: found.count };
}

/** Whether a bound on revisions is set. */
export function isFiltered(request: RangeRequest): boolean {
  return (request.minModRevision ?? 0) !== 0 || (request.maxModRevision ?? 0) !== 0
    || (request.minCreateRevision ?? 0) !== 0 || (request.maxCreateRevision ?? 0) !== 0;
}

function passes(request: RangeRequest, kv: KeyValue): boolean {
  const { minModRevision = 0, maxModRevision = 0, minCreateRevision = 0, maxCreateRevision = 0 } = request;
  return (maxModRevision === 0 || kv.modRevision <= maxModRevision) && (minModRevision === 0 || kv.modRevision >= minModRevision)
    && (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision) && (minCreateRevision === 0 || kv.createRevision >= minCreateRevision);
}

function sort(request: RangeRequest, kvs: KeyValue[]): void {
  const order = request.sortOrder ?? SortOrder.NONE;
  const target = request.sortTarget ?? SortTarget.KEY;
  if (target === SortTarget.KEY) {
    if (order === SortOrder.DESCEND) kvs.reverse();
    return;
  }
  const compare = comparison(target);
  kvs.sort(order === SortOrder.DESCEND ? (a, b) => compare(b, a) : compare);
}

function comparison(target: number): (a: KeyValue, b: KeyValue) => number {
  switch (target) {
    case SortTarget.VERSION: return (a, b) => a.version - b.version;
    case SortTarget.CREATE: return (a, b) => a.createRevision - b.createRevision;
    case SortTarget.MOD: return (a, b) => a.modRevision - b.modRevision;
    default: return (a, b) => Buffer.compare(a.value, b.value);
  }
}
