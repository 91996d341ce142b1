import type { ByteString, KeyValue, PutRequest, WatchEvent } from '@quorate/api';
import { isSingleKey, keyRange } from './key-range';
import type { StoredVersion } from './key-value';
import type { Steps } from './steps';
import type { Versions } from './versions';

export interface LeaseChange {
  readonly key: ByteString;
  /** `0n`: none. */
  readonly from: bigint;
  readonly to: bigint;
}

/** Writes the next version of a key; that it may be written was checked before. */
export function writePut(versions: Versions, request: PutRequest, main: number, sub: number): StoredVersion {
  const { key, value } = request;
  const slot = versions.table.find(key);
  const lease = request.ignoreLease ? versions.leaseOf(slot) : request.lease ?? 0n;
  if (request.ignoreValue) {
    const { bytes, valueStart, valueEnd } = versions.newest(slot);
    return versions.put(slot, key, main, sub, bytes, valueStart, valueEnd, lease);
  }
  return versions.put(slot, key, main, sub, value, 0, value.length, lease);
}

/** The event of the change that `versions` has just made. */
export function putEvent(versions: Versions, kv: StoredVersion): WatchEvent {
  return versions.before === undefined ? { type: 0, kv } : { type: 0, kv, prevKv: versions.before };
}

/** All changes of one revision on their way: written into the index, where nobody looks yet. */
export class RevisionWriter {
  readonly events: WatchEvent[] = [];
  readonly leaseChanges: LeaseChange[] = [];
  private sub = 0;

  constructor(private readonly versions: Versions, readonly revision: number) {}

  get changed(): boolean {
    return this.sub > 0;
  }

  /** @returns the version before */
  put(request: PutRequest): KeyValue | undefined {
    const { versions } = this;
    const kv = writePut(versions, request, this.revision, this.sub++);
    this.events.push(putEvent(versions, kv));
    const { leaseBefore: from, leaseAfter: to } = versions;
    if (to !== from) this.leaseChanges.push({ key: kv.key, from, to });
    return versions.before;
  }

  /** @returns the deleted versions, or only how many (`keep` false) */
  *deleteRange(key: ByteString, rangeEnd: ByteString | undefined, deleted: KeyValue[] | undefined): Steps<number> {
    if (isSingleKey(rangeEnd)) {
      const slot = this.versions.table.find(key);
      return slot >= 0 && this.remove(slot, deleted) ? 1 : 0;
    }
    const { from, to } = keyRange(key, rangeEnd);
    const slots: number[] = [];
    let count = 0;
    let next: ByteString | undefined = from;
    for (;;) {
      slots.length = 0;
      next = this.versions.order.slice(next, to, this.versions.sliceKeys, slots);
      for (const slot of slots) if (this.remove(slot, deleted)) count++;
      if (next === undefined) return count;
      yield;
    }
  }

  /** Deletes the keys that exist. */
  *deleteKeys(keys: readonly ByteString[]): Steps<number> {
    let count = 0;
    for (let at = 0; at < keys.length; at++) {
      if (at > 0 && at % this.versions.sliceKeys === 0) yield;
      const slot = this.versions.table.find(keys[at]);
      if (slot >= 0 && this.remove(slot, undefined)) count++;
    }
    return count;
  }

  private remove(slot: number, deleted: KeyValue[] | undefined): boolean {
    const { versions } = this;
    if (!versions.isLive(slot)) return false;
    const kv = versions.remove(slot, this.revision, this.sub++);
    const before = versions.before as StoredVersion;
    this.events.push(before.main === this.revision ? this.deletionOfOwn(kv) : { type: 1, kv, prevKv: before });
    if (versions.leaseBefore !== 0n) this.leaseChanges.push({ key: kv.key, from: versions.leaseBefore, to: 0n });
    deleted?.push(before);
    return true;
  }

  /** The deletion of what this revision itself has put: watchers are told what was there before the revision, as by etcd. */
  private deletionOfOwn(kv: StoredVersion): WatchEvent {
    const prevKv = this.events.find((event) => event.kv.key === kv.key)?.prevKv;
    return prevKv === undefined ? { type: 1, kv } : { type: 1, kv, prevKv };
  }
}
