import { type ByteString, type ErrorCode, MAX_LEASE_TTL_SECONDS } from '@quorate/api';
import { violated } from '../base/assert';

/** A lease as every member knows it. It holds no time of day and no deadline: those are the leader's own. */
export interface Lease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** What the last checkpoint left of the TTL; the whole TTL after a grant or a replicated renewal. */
  readonly remainingSeconds: number;
  /** Log index of the entry that granted the lease or renewed it last: whatever was decided about it before is void. */
  readonly renewalEpoch: number;
  readonly keyCount: number;
}

/** What the store behind keeps of a lease; the keys are found again by the lease in each of their versions. */
export interface LeaseRecord {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly remainingSeconds: number;
  readonly renewalEpoch: number;
}

class LeaseEntry implements Lease {
  remainingSeconds: number;
  /** `undefined` until there is a key: most of the memory of 100,000 leases without keys would be empty sets. */
  keys: Set<ByteString> | undefined;

  constructor(readonly id: bigint, readonly ttlSeconds: number, remainingSeconds: number, public renewalEpoch: number) {
    this.remainingSeconds = remainingSeconds;
  }

  get keyCount(): number {
    return this.keys?.size ?? 0;
  }
}

/**
 * The replicated part of leases: which there are, what remains of them, and which keys hang on them. Changed only by
 * applying entries, so it is equal on all members at equal index. Deadlines: see `Lessor`.
 */
export class LeaseTable {
  private readonly leases = new Map<bigint, LeaseEntry>();
  private readonly changed = new Set<bigint>();
  private onChange: ((id: bigint) => void) | undefined;

  static restore(records: Iterable<LeaseRecord>): LeaseTable {
    const table = new LeaseTable();
    for (const { id, ttlSeconds, remainingSeconds, renewalEpoch } of records) {
      table.leases.set(id, new LeaseEntry(id, ttlSeconds, remainingSeconds, renewalEpoch));
    }
    return table;
  }

  get size(): number {
    return this.leases.size;
  }

  has(id: bigint): boolean {
    return this.leases.has(id);
  }

  get(id: bigint): Lease | undefined {
    return this.leases.get(id);
  }

  [Symbol.iterator](): Iterator<Lease> {
    return this.leases.values();
  }

  /** The keys that hang on a lease, in byte order. */
  keysOf(id: bigint): ByteString[] {
    return [...this.unsortedKeysOf(id)].sort();
  }

  /** The same in no particular order and without a copy, for callers that work in slices. Valid until a key moves. */
  unsortedKeysOf(id: bigint): Iterable<ByteString> {
    return this.leases.get(id)?.keys ?? [];
  }

  /** Told of each lease right after it was granted, renewed, checkpointed or removed by an entry. One listener. */
  observe(onChange: (id: bigint) => void): void {
    this.onChange = onChange;
  }

  /** @param index of the entry that grants it. Returns why it was refused, in etcd's order. */
  grant(id: bigint, ttlSeconds: number, index: number): ErrorCode | undefined {
    if (id === 0n) return 'lease_unknown';
    if (ttlSeconds > MAX_LEASE_TTL_SECONDS) return 'lease_ttl_too_large';
    if (this.leases.has(id)) return 'lease_exists';
    this.leases.set(id, new LeaseEntry(id, ttlSeconds, ttlSeconds, index));
    this.touch(id);
    return undefined;
  }

  /** Takes the lease out. Its keys must be gone from the store by then, which has told so by `attach`. */
  remove(id: bigint): void {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.keyCount > 0) violated(`lease ${id} is removed ${lease === undefined ? 'twice' : 'with keys on it'}`);
    this.leases.delete(id);
    this.touch(id);
  }

  /** The lease, if what was decided about it at this epoch still holds. */
  atEpoch(id: bigint, renewalEpoch: number): Lease | undefined {
    const lease = this.leases.get(id);
    return lease?.renewalEpoch === renewalEpoch ? lease : undefined;
  }

  /** Notes what remains; never more than before, since only a renewal adds time. */
  checkpoint(id: bigint, remainingSeconds: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    lease.remainingSeconds = Math.min(lease.remainingSeconds, Math.max(1, remainingSeconds));
    this.touch(id);
  }

  /** Replicates a renewal: all of the TTL remains. False: there is no such lease. */
  clear(id: bigint, index: number): boolean {
    const lease = this.leases.get(id);
    if (lease === undefined) return false;
    lease.remainingSeconds = lease.ttlSeconds;
    lease.renewalEpoch = index;
    this.touch(id);
    return true;
  }

  /** A key moved from one lease to another; `0n` is none on either side. A lease that is gone is passed over. */
  attach(key: ByteString, before: bigint, after: bigint): void {
    if (before === after) return;
    if (before !== 0n) this.leases.get(before)?.keys?.delete(key);
    if (after === 0n) return;
    const lease = this.leases.get(after);
    if (lease !== undefined) (lease.keys ??= new Set()).add(key);
  }

  /** Ids of leases granted, changed or removed since the last call. */
  takeChanged(): bigint[] {
    if (this.changed.size === 0) return [];
    const ids = [...this.changed];
    this.changed.clear();
    return ids;
  }

  private touch(id: bigint): void {
    this.changed.add(id);
    this.onChange?.(id);
  }
}
