import type { ByteString } from '@quorate/api';
import type { StoredVersion } from './key-value';

/** A `Map` throws at 2^24 entries and stalls while it doubles; with this many it does neither at tens of millions of keys. */
const SHARDS = 256;
/** Slots per chunk of columns. */
const CHUNK = 4096;
export const CHUNK_SHIFT = 12;
export const CHUNK_MASK = CHUNK - 1;

/** One slot is four doubles (main, create, version, address) and four words (sub, length, previous, unused): mostly one cache line. */
const DOUBLES = 6;
const WORDS = 12;

/** Everything about the newest version of 4096 keys. `at` is a slot's position in its chunk. */
export class SlotChunk {
  readonly keys: ByteString[] = new Array<ByteString>(CHUNK);
  private readonly doubles = new Float64Array(CHUNK * DOUBLES);
  private readonly words = new Uint32Array(this.doubles.buffer);
  /** Leases of those slots that have one. */
  leases: Map<number, bigint> | undefined = undefined;
  /** What an unpublished revision superseded (see `Versions.shadow`). */
  shadows: Map<number, StoredVersion> | undefined = undefined;

  /** Revision of the newest version; 0 while the key has none. */
  main(at: number): number {
    return this.doubles[at * DOUBLES];
  }

  /** Create revision; 0: the newest version is a tombstone. */
  create(at: number): number {
    return this.doubles[at * DOUBLES + 1];
  }

  version(at: number): number {
    return this.doubles[at * DOUBLES + 2];
  }

  /** Where the bytes lie in the slab arena; 0 for a tombstone. */
  address(at: number): number {
    return this.doubles[at * DOUBLES + 3];
  }

  setAddress(at: number, address: number): void {
    this.doubles[at * DOUBLES + 3] = address;
  }

  sub(at: number): number {
    return this.words[at * WORDS + 8];
  }

  /** Encoded length. */
  length(at: number): number {
    return this.words[at * WORDS + 9];
  }

  /** The version before in `RevisionChains`; 0: none. Meaningless once the newest version is not above the compacted revision. */
  previous(at: number): number {
    return this.words[at * WORDS + 10];
  }

  setPrevious(at: number, node: number): void {
    this.words[at * WORDS + 10] = node;
  }

  setNewest(at: number, main: number, sub: number, create: number, version: number, length: number, address: number): void {
    const { doubles, words } = this;
    doubles[at * DOUBLES] = main;
    doubles[at * DOUBLES + 1] = create;
    doubles[at * DOUBLES + 2] = version;
    doubles[at * DOUBLES + 3] = address;
    words[at * WORDS + 8] = sub;
    words[at * WORDS + 9] = length;
  }
}

/** Keys by value: finds the slot (a small number) of a key, and the slot's columns. */
export class KeyTable {
  private readonly shards: Map<ByteString, number>[] = Array.from({ length: SHARDS }, () => new Map<ByteString, number>());
  private readonly chunks: SlotChunk[] = [];
  private readonly free: number[] = [];
  private nextSlot = 0;

  /** The key's slot, or -1. */
  find(key: ByteString): number {
    return this.shards[shardOf(key)].get(key) ?? -1;
  }

  add(key: ByteString): number {
    const slot = this.free.pop() ?? this.nextSlot++;
    if (slot >>> CHUNK_SHIFT === this.chunks.length) this.chunks.push(new SlotChunk());
    this.shards[shardOf(key)].set(key, slot);
    this.chunkOf(slot).keys[slot & CHUNK_MASK] = key;
    return slot;
  }

  remove(slot: number): void {
    const chunk = this.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    const key = chunk.keys[at];
    this.shards[shardOf(key)].delete(key);
    chunk.keys[at] = '';
    chunk.setNewest(at, 0, 0, 0, 0, 0, 0);
    chunk.setPrevious(at, 0);
    this.free.push(slot);
  }

  /** Calls back for every key that has a lease. */
  forEachLease(callback: (key: ByteString, lease: bigint) => void): void {
    for (const { leases, keys } of this.chunks) {
      if (leases === undefined) continue;
      for (const [at, lease] of leases) callback(keys[at], lease);
    }
  }

  chunkOf(slot: number): SlotChunk {
    return this.chunks[slot >>> CHUNK_SHIFT];
  }
}

/** Over all characters: keys that differ anywhere must spread, or one shard would hold them all. */
function shardOf(key: ByteString): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SHARDS - 1);
}
