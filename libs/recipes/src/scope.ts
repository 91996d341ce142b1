import {
  type ByteString, type CallContext, type Change, EventType, isNamePattern, type KeyValue, type KvApi, matchesNamePattern,
  PlatformError, prefixEnd, type WatchBatch,
} from '@quorate/api';
import { namesBelow } from './layout';

/** A range of keys and how to read them: what a reader lists, waits for or subscribes to. `K` and `V` are JSON objects. */
export interface Scope<K, V> {
  readonly key: ByteString;
  /** Empty for the one key. */
  readonly rangeEnd: ByteString;
  /** `undefined`: the key lies in the range but not in the scope. */
  keyOf(key: ByteString): K | undefined;
  /** `undefined`: what is stored there is none of ours, or broken. */
  valueOf(key: K, kv: KeyValue): V | undefined;
}

/** The present state of a scope. */
export interface Snapshot<V> {
  readonly revision: number;
  readonly items: readonly V[];
  /** Entries of the scope that could not be read; they are left out. */
  readonly skipped: number;
}

export interface ReadOptions {
  /** Answer from the member's own state, which may be old. */
  readonly serializable?: boolean;
  /** A revision of the past to read at; 0 for the present. */
  readonly revision?: number;
  readonly context?: CallContext;
}

/** Reads a scope whole, at one revision. */
export async function snapshotOf<K, V>(kv: KvApi, scope: Scope<K, V>, options: ReadOptions = {}): Promise<Snapshot<V>> {
  const { key, rangeEnd } = scope;
  const { serializable = false, revision = 0, context } = options;
  const response = await kv.range({ key, rangeEnd, serializable, revision }, context);
  const { items, skipped } = itemsOf(scope, response.kvs);
  return { revision: revision > 0 ? revision : response.header.revision, items, skipped };
}

export interface PageOptions<K> extends ReadOptions {
  readonly limit: number;
  /** Only what comes after this key of the store. */
  readonly afterKey?: ByteString;
  /** Entries that the page is made of; the others are passed over without being read. */
  readonly wanted?: (key: K) => boolean;
}

export interface Page<V> extends Snapshot<V> {
  /** Where the next page begins; `undefined`: this was the last. */
  readonly lastKey: ByteString | undefined;
}

/** Keys that one step of gathering a page looks at. */
const PAGE_SLICE_KEYS = 500;

/** Reads a part of a scope at one revision, in bounded steps: what lies beyond the page is not touched. */
export async function pageOf<K, V>(kv: KvApi, scope: Scope<K, V>, options: PageOptions<K>): Promise<Page<V>> {
  const { limit, wanted, context } = options;
  let { serializable = false, revision = 0, afterKey } = options;
  const items: V[] = [];
  let skipped = 0;
  for (;;) {
    const key = afterKey === undefined || afterKey < scope.key ? scope.key : `${afterKey}\0`;
    const response = await kv.range({ key, rangeEnd: scope.rangeEnd, serializable, revision, limit: wanted ? PAGE_SLICE_KEYS : limit - items.length + 1 }, context);
    // The first step says of which state the page is; that state can be read anywhere.
    if (revision === 0) revision = response.header.revision;
    serializable = true;
    for (const [at, entry] of response.kvs.entries()) {
      const name = scope.keyOf(entry.key);
      if (name === undefined || (wanted && !wanted(name))) continue;
      if (items.length === limit) return { revision, items, skipped, lastKey: response.kvs[at - 1]?.key ?? afterKey };
      const value = scope.valueOf(name, entry);
      if (value === undefined) skipped++;
      else items.push(value);
    }
    if (!response.more) return { revision, items, skipped, lastKey: undefined };
    afterKey = response.kvs.at(-1)?.key;
  }
}

/** Reads the entries of a scope out of a range's answer. */
export function itemsOf<K, V>(scope: Scope<K, V>, kvs: readonly KeyValue[]): { readonly items: V[]; readonly skipped: number } {
  const items: V[] = [];
  let skipped = 0;
  for (const kv of kvs) {
    const name = scope.keyOf(kv.key);
    if (name === undefined) continue;
    const value = scope.valueOf(name, kv);
    if (value === undefined) skipped++;
    else items.push(value);
  }
  return { items, skipped };
}

/**
 * The changes of a scope in a batch of its watch. A value that cannot be read counts as gone, as it does in a snapshot:
 * both lead a reader to the same state.
 */
export function changesOf<K, V>(scope: Scope<K, V>, batch: WatchBatch & { readonly type: 'events' }): Change<K, V>[] {
  const changes: Change<K, V>[] = [];
  for (const event of batch.events) {
    const key = scope.keyOf(event.kv.key);
    if (key === undefined) continue;
    const revision = String(event.kv.modRevision);
    const value = event.type === EventType.PUT ? scope.valueOf(key, event.kv) : undefined;
    changes.push(value === undefined ? { op: 'delete', key, revision } : { op: 'put', key, value, revision });
  }
  return changes;
}

/** The keys below `prefix` made of one name per pattern (a name, `*`, or a beginning with `*`). */
export interface NameRange {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  /** The names of a key of the range that fits all patterns. */
  namesOf(key: ByteString): string[] | undefined;
}

/**
 * The narrowest range that holds every key whose names fit the patterns.
 * @param patterns by field name, in the order of the key
 * @throws PlatformError `name_invalid`
 */
export function nameRange(prefix: ByteString, patterns: Readonly<Record<string, string>>): NameRange {
  for (const [field, pattern] of Object.entries(patterns)) {
    if (!isNamePattern(pattern)) throw new PlatformError('name_invalid', undefined, field);
  }
  const list = Object.values(patterns);
  const firstOpen = list.findIndex((pattern) => pattern.endsWith('*'));
  const namesOf = (key: ByteString): string[] | undefined => {
    const names = namesBelow(prefix, key, list.length);
    return names?.every((name, at) => matchesNamePattern(list[at] as string, name)) ? names : undefined;
  };
  if (firstOpen < 0) return { key: prefix + list.join('/'), rangeEnd: '', namesOf };
  const closed = list.slice(0, firstOpen).map((name) => `${name}/`).join('');
  const start = prefix + closed + (list[firstOpen] as string).slice(0, -1);
  return { key: start, rangeEnd: prefixEnd(start), namesOf };
}
