import type { ByteString } from '@quorate/api';
import type { RevisionId, RevisionRow } from '../ports/backend';
import { CHUNK_MASK, KeyTable, type SlotChunk } from './key-table';
import { keyValueLength, StoredVersion, writeKeyValue } from './key-value';
import { OrderedKeys } from './ordered-keys';
import { RevisionChains } from './revision-chains';
import { RevisionQueue } from './revision-queue';
import { SlabArena, type SlabOwner } from './slab-arena';
import { UnstoredTail } from './unstored-tail';

/** What a version costs beside its encoded bytes, by rule (SAFETY.md 14): its revision, and its place in the index. */
export const VERSION_OVERHEAD_BYTES = 64;

/** Answers of `Versions.locate`; numbers above 0 are nodes of `RevisionChains`. */
export const NOWHERE = -1;
export const NEWEST = 0;

/** Owner of records that are dead from the start. */
const NO_SLOT = 0xffffffff;

/**
 * All versions of all keys: the newest of each with its bytes, of the older ones where they stand, and their bytes until
 * the backend has them. Knows revisions but not which of them is published; that is the store's business.
 */
export class Versions implements SlabOwner {
  readonly table = new KeyTable();
  readonly order = new OrderedKeys();
  readonly tail = new UnstoredTail();
  private readonly chains = new RevisionChains();
  private readonly slabs = new SlabArena(this);
  /** (superseding revision, node) of every superseded version. */
  private readonly superseded = new RevisionQueue();
  /** (revision, sub, slot) of every tombstone. */
  private readonly tombstones = new RevisionQueue();
  private dropped: RevisionId[] = [];
  private shadowing = false;
  /** The chunks that have shadows. */
  private shadowed: SlotChunk[] = [];

  compactedRevision = -1;
  liveKeys = 0;
  /** Bytes of all kept versions, by rule. */
  sizeBytes = 0;
  /** Bytes of the newest versions of keys that exist. */
  liveBytes = 0;
  /** The version that the last `put` or `remove` superseded, and its lease. */
  before: StoredVersion | undefined = undefined;
  leaseBefore = 0n;
  /** The lease that the last `put` gave. */
  leaseAfter = 0n;

  /** @param sliceKeys keys that one slice of any work on them may touch */
  constructor(readonly sliceKeys: number) {}

  get supersededCount(): number {
    return this.chains.size;
  }

  get slabBytes(): number {
    return this.slabs.heldBytes;
  }

  /** The slot of a key that exists at the newest revision, or -1. */
  findLive(key: ByteString): number {
    const slot = this.table.find(key);
    return slot >= 0 && this.table.chunkOf(slot).create(slot & CHUNK_MASK) !== 0 ? slot : -1;
  }

  isLive(slot: number): boolean {
    return this.table.chunkOf(slot).create(slot & CHUNK_MASK) !== 0;
  }

  /**
   * Where the version of a key at a revision stands: `NEWEST`, the node of a superseded one, or `NOWHERE` if the key did not
   * exist then. `revision` must not be below the compacted one.
   */
  locate(slot: number, revision: number): number {
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    if (chunk.main(at) <= revision) return chunk.create(at) !== 0 ? NEWEST : NOWHERE;
    const node = this.chains.find(chunk.previous(at), revision);
    return node === 0 || this.chains.tombstone(node) ? NOWHERE : node;
  }

  /** The version of a key at the published revision: its bytes are always in memory. */
  valid(key: ByteString, revision: number): StoredVersion | undefined {
    const slot = this.table.find(key);
    if (slot < 0) return undefined;
    const location = this.locate(slot, revision);
    return location === NOWHERE ? undefined : this.inMemory(slot, location);
  }

  /** Whether the version (main, sub) of a key is the one that is valid at `revision`. */
  isValidAt(slot: number, main: number, revision: number): boolean {
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    if (chunk.main(at) <= revision) return chunk.main(at) === main;
    const node = this.chains.find(chunk.previous(at), revision);
    return node !== 0 && this.chains.main(node) === main;
  }

  newest(slot: number): StoredVersion {
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    const address = chunk.address(at);
    const start = this.slabs.startOf(address);
    return new StoredVersion(this.slabs.bytesOf(address), start, start + chunk.length(at), chunk.main(at), chunk.sub(at), false, chunk.keys[at]);
  }

  /** The version at a location if its bytes are in memory. */
  inMemory(slot: number, location: number): StoredVersion | undefined {
    if (location === NEWEST) return this.newest(slot);
    const main = this.chains.main(location);
    const shadow = this.table.chunkOf(slot).shadows?.get(slot & CHUNK_MASK);
    if (shadow !== undefined && shadow.main === main) return shadow;
    return this.tail.find(main, this.chains.sub(location));
  }

  idOf(node: number): RevisionId {
    return { main: this.chains.main(node), sub: this.chains.sub(node) };
  }

  leaseOf(slot: number): bigint {
    return this.table.chunkOf(slot).leases?.get(slot & CHUNK_MASK) ?? 0n;
  }

  /** Writes the next version of a key; `slot` is -1 for a key that was never seen. The value is `value[valueStart, valueEnd)`. */
  put(slot: number, key: ByteString, main: number, sub: number, value: Buffer, valueStart: number, valueEnd: number, lease: bigint): StoredVersion {
    this.leaseAfter = lease;
    const own = slot >= 0 ? slot : this.addKey(key);
    const chunk = this.table.chunkOf(own);
    const at = own & CHUNK_MASK;
    const oldAddress = this.supersede(chunk, at, own, main);
    const create = oldAddress === 0 ? main : chunk.create(at);
    const version = oldAddress === 0 ? 1 : chunk.version(at) + 1;
    const length = keyValueLength(key, create, main, version, valueEnd - valueStart, lease);
    const address = this.slabs.allocate(length, own);
    const bytes = this.slabs.bytesOf(address);
    const start = this.slabs.startOf(address);
    writeKeyValue(bytes, start, key, create, main, version, value, valueStart, valueEnd, lease);
    this.setNewest(chunk, at, main, sub, create, version, length, address, lease);
    if (oldAddress !== 0) this.slabs.release(oldAddress);
    const written = new StoredVersion(bytes, start, start + length, main, sub, false, chunk.keys[at]);
    this.tail.push(written);
    return written;
  }

  /** Writes a tombstone over a key that exists. */
  remove(slot: number, main: number, sub: number): StoredVersion {
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    const key = chunk.keys[at];
    const oldAddress = this.supersede(chunk, at, slot, main);
    const length = keyValueLength(key, 0, main, 0, 0, 0n);
    const address = this.slabs.allocate(length, NO_SLOT);
    const bytes = this.slabs.bytesOf(address);
    const start = this.slabs.startOf(address);
    writeKeyValue(bytes, start, key, 0, main, 0, bytes, 0, 0, 0n);
    this.setTombstone(chunk, at, slot, main, sub, length);
    this.slabs.release(address);
    this.slabs.release(oldAddress);
    const written = new StoredVersion(bytes, start, start + length, main, sub, true, key);
    this.tail.push(written);
    return written;
  }

  /** Takes over a row that the backend holds; rows come in order of (main, sub). */
  restore(row: RevisionRow): void {
    const stored = StoredVersion.ofRow(row);
    const { key } = stored;
    const found = this.table.find(key);
    const slot = found >= 0 ? found : this.addKey(key);
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    const oldAddress = this.supersede(chunk, at, slot, row.main);
    const length = row.data.length;
    if (row.tombstone) {
      this.setTombstone(chunk, at, slot, row.main, row.sub, length);
    } else {
      const address = this.slabs.allocate(length, slot);
      row.data.copy(this.slabs.bytesOf(address), this.slabs.startOf(address));
      this.setNewest(chunk, at, row.main, row.sub, stored.createRevision, stored.version, length, address, stored.lease);
    }
    if (oldAddress !== 0) this.slabs.release(oldAddress);
  }

  /** From now on until `unshadow`, superseded versions stay in memory: a revision is written in slices, and readers of the present still need them. */
  shadow(): void {
    this.shadowing = true;
  }

  unshadow(): void {
    this.shadowing = false;
    for (const chunk of this.shadowed) chunk.shadows = undefined;
    this.shadowed = [];
  }

  /**
   * Drops what the compacted revision makes unreadable, at most `max` versions. Superseded versions go before any tombstone
   * and tombstones last, so that a store that has only a part of it dropped never shows what a tombstone hid.
   * @returns whether something is left
   */
  dropCompacted(max: number): boolean {
    const { superseded, tombstones, chains } = this;
    let left = max;
    for (; superseded.headMain <= this.compactedRevision; superseded.shift()) {
      if (left-- === 0) return true;
      const node = superseded.headFirst;
      if (!chains.tombstone(node)) this.drop(chains.main(node), chains.sub(node), chains.length(node));
      chains.free(node);
    }
    for (; tombstones.headMain < this.compactedRevision; tombstones.shift()) {
      if (left-- === 0) return true;
      this.dropTombstone(tombstones.headMain, tombstones.headFirst, tombstones.headSecond);
    }
    return false;
  }

  /** The versions dropped since the last call. */
  takeDropped(): RevisionId[] {
    const { dropped } = this;
    this.dropped = [];
    return dropped;
  }

  addressOf(slot: number): number {
    return slot === NO_SLOT ? 0 : this.table.chunkOf(slot).address(slot & CHUNK_MASK);
  }

  moved(slot: number, address: number): void {
    this.table.chunkOf(slot).setAddress(slot & CHUNK_MASK, address);
  }

  private addKey(key: ByteString): number {
    const slot = this.table.add(key);
    this.order.add(key, slot);
    return slot;
  }

  /** Moves a slot's newest version into its chain. @returns the address that must be released, 0 for none */
  private supersede(chunk: SlotChunk, at: number, slot: number, main: number): number {
    const oldMain = chunk.main(at);
    this.before = undefined;
    this.leaseBefore = 0n;
    if (oldMain === 0) return 0;
    const address = chunk.address(at);
    const tombstone = chunk.create(at) === 0;
    if (!tombstone) {
      this.before = this.newest(slot);
      if (chunk.leases !== undefined) this.leaseBefore = chunk.leases.get(at) ?? 0n;
      if (this.shadowing) this.keepShadow(chunk, at, this.before);
      this.liveKeys--;
      this.liveBytes -= chunk.length(at) + VERSION_OVERHEAD_BYTES;
    }
    const previous = oldMain > this.compactedRevision ? chunk.previous(at) : 0;
    const node = this.chains.add(oldMain, chunk.sub(at), tombstone, chunk.length(at), previous, this.compactedRevision);
    chunk.setPrevious(at, node);
    this.superseded.push(main, node, 0);
    return address;
  }

  private keepShadow(chunk: SlotChunk, at: number, version: StoredVersion): void {
    if (chunk.shadows === undefined) {
      chunk.shadows = new Map();
      this.shadowed.push(chunk);
    }
    chunk.shadows.set(at, version);
  }

  private setNewest(
    chunk: SlotChunk, at: number, main: number, sub: number, create: number, version: number, length: number, address: number, lease: bigint,
  ): void {
    chunk.setNewest(at, main, sub, create, version, length, address);
    if (lease !== 0n) (chunk.leases ??= new Map()).set(at, lease);
    else if (this.leaseBefore !== 0n) chunk.leases?.delete(at);
    this.liveKeys++;
    this.liveBytes += length + VERSION_OVERHEAD_BYTES;
    this.sizeBytes += length + VERSION_OVERHEAD_BYTES;
  }

  private setTombstone(chunk: SlotChunk, at: number, slot: number, main: number, sub: number, length: number): void {
    chunk.setNewest(at, main, sub, 0, 0, length, 0);
    if (this.leaseBefore !== 0n) chunk.leases?.delete(at);
    this.sizeBytes += length + VERSION_OVERHEAD_BYTES;
    this.tombstones.push(main, sub, slot);
  }

  private drop(main: number, sub: number, length: number): void {
    this.dropped.push({ main, sub });
    this.sizeBytes -= length + VERSION_OVERHEAD_BYTES;
  }

  private dropTombstone(main: number, sub: number, slot: number): void {
    const chunk = this.table.chunkOf(slot);
    const at = slot & CHUNK_MASK;
    const key = chunk.keys[at];
    this.drop(main, sub, keyValueLength(key, 0, main, 0, 0, 0n));
    if (chunk.main(at) !== main) return;
    this.order.remove(key);
    this.table.remove(slot);
  }
}
