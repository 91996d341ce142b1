import type { Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from '@quorate/api';
import { crc32c } from '../base/crc32c';

/** One change, as the naive model keeps it: all of them, for ever, in the order in which they were made. */
export interface ModelVersion {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
  readonly create: number;
  readonly version: number;
  readonly value: string;
  readonly lease: bigint;
}

/** What a test compares of a `KeyValue`. */
export interface PlainKv {
  readonly key: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly value: string;
  readonly lease: bigint;
}

export const LEASES: readonly bigint[] = [7n, -3n];

/** The store as a list of all changes: every answer is worked out from the start, nothing is cached, dropped or sliced. */
export class MvccModel {
  readonly versions: ModelVersion[] = [];
  revision = 1;
  compacted = -1;
  /** While a transaction runs: the sub-revision of its next change. */
  private sub = 0;

  at(key: string, revision: number): ModelVersion | undefined {
    let found: ModelVersion | undefined;
    for (const version of this.versions) if (version.key === key && version.main <= revision) found = version;
    return found?.tombstone ? undefined : found;
  }

  live(key: string, end: string | undefined, revision: number): ModelVersion[] {
    const keys = new Set(this.versions.map((version) => version.key).filter((candidate) => covers(key, end, candidate)));
    return [...keys].sort().flatMap((candidate) => this.at(candidate, revision) ?? []);
  }

  put(request: PutRequest): { revision: number; prevKv: PlainKv | undefined } | string {
    const error = this.checkPut(request);
    if (error !== undefined) return error;
    const prevKv = this.write(request);
    this.finish();
    return { revision: this.revision, prevKv: request.prevKv ? prevKv : undefined };
  }

  deleteRange(key: string, end: string | undefined, prevKv: boolean): { revision: number; deleted: number; prevKvs: PlainKv[] } {
    const gone = this.remove(key, end);
    this.finish();
    return { revision: this.revision, deleted: gone.length, prevKvs: prevKv ? gone : [] };
  }

  deleteKeys(keys: readonly string[]): number {
    let count = 0;
    for (const key of [...keys].sort()) count += this.remove(key, undefined).length;
    this.finish();
    return count;
  }

  compact(revision: number): string | undefined {
    if (revision <= this.compacted) return 'compacted';
    if (revision > this.revision) return 'future_revision';
    this.compacted = revision;
    return undefined;
  }

  txn(request: TxnRequest): unknown {
    const chosen = this.choose(request);
    const error = this.checkOps(chosen, 'put') ?? this.checkOps(chosen, 'range');
    if (error !== undefined) return error;
    const responses = this.execute(chosen);
    this.finish();
    return { revision: this.revision, succeeded: chosen.succeeded, responses };
  }

  range(request: RangeRequest, head: number): unknown {
    const asked = request.revision ?? 0;
    const all = this.live(request.key, request.rangeEnd, asked > 0 ? asked : head).map(plain);
    if (request.countOnly) return { revision: head, kvs: [], more: false, count: all.length };
    const limit = request.limit ?? 0;
    const filters: [number | undefined, (kv: PlainKv, bound: number) => boolean][] = [
      [request.minModRevision, (kv, bound) => kv.mod >= bound], [request.maxModRevision, (kv, bound) => kv.mod <= bound],
      [request.minCreateRevision, (kv, bound) => kv.create >= bound], [request.maxCreateRevision, (kv, bound) => kv.create <= bound],
    ];
    let kvs = all;
    if (limit > 0 && !request.sortOrder && filters.every(([bound]) => !bound)) kvs = kvs.slice(0, limit + 1);
    for (const [bound, passes] of filters) if (bound) kvs = kvs.filter((kv) => passes(kv, bound));
    const by = [(kv: PlainKv) => kv.key, (kv: PlainKv) => kv.version, (kv: PlainKv) => kv.create, (kv: PlainKv) => kv.mod, (kv: PlainKv) => kv.value][request.sortTarget ?? 0];
    const sign = request.sortOrder === 2 ? -1 : 1;
    if (request.sortOrder || request.sortTarget) kvs = [...kvs].sort((a, b) => sign * (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
    const more = limit > 0 && kvs.length > limit;
    if (more) kvs = kvs.slice(0, limit);
    if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: '' }));
    return { revision: head, kvs, more, count: all.length };
  }

  /** Whole revisions from `from` to `last`, with what each change superseded as far as it is not compacted. */
  history(from: number, last: number, compacted: number): unknown[] {
    const revisions = new Map<number, unknown[]>();
    for (const version of this.versions) {
      if (version.main < from || version.main > last) continue;
      const events = revisions.get(version.main) ?? [];
      revisions.set(version.main, events);
      const created = !version.tombstone && version.create === version.main;
      const before = created || version.main - 1 < compacted ? undefined : this.at(version.key, version.main - 1);
      events.push({ type: version.tombstone ? 1 : 0, kv: plain(version), prevKv: before === undefined ? undefined : plain(before) });
    }
    return [...revisions].map(([revision, events]) => ({ revision, events }));
  }

  /** What a store must keep; a tombstone exactly at the compacted revision stays so that watchers from there on get it. */
  kept(compacted = this.compacted): ModelVersion[] {
    return this.versions.filter((version) => {
      const later = this.versions.find((other) => other.key === version.key && (other.main > version.main || (other.main === version.main && other.sub > version.sub)));
      // A put that its own revision superseded is nobody's version, at the compacted revision too.
      if (version.main === compacted && !version.tombstone && later?.main === compacted) return false;
      if (version.main >= compacted) return true;
      return !version.tombstone && (later === undefined || later.main > compacted);
    });
  }

  hash(revision: number): number {
    let hash = crc32c(Buffer.from([1]));
    for (const version of this.kept()) {
      if (version.main > revision || (version.tombstone && version.main <= this.compacted)) continue;
      if (version.main <= this.compacted && this.at(version.key, this.compacted) !== version) continue;
      const head = Buffer.alloc(17);
      head.writeDoubleLE(version.main, 0);
      head.writeDoubleLE(version.sub, 8);
      head[16] = Number(version.tombstone);
      hash = crc32c(encode(version), crc32c(head, hash));
    }
    return hash >>> 0;
  }

  /** The model as it was at a revision. */
  asOf(revision: number): MvccModel {
    const copy = new MvccModel();
    copy.versions.push(...this.versions.filter((version) => version.main <= revision));
    copy.revision = revision;
    return copy;
  }

  clone(): MvccModel {
    const copy = new MvccModel();
    copy.versions.push(...this.versions);
    copy.revision = this.revision;
    copy.compacted = this.compacted;
    return copy;
  }

  /** @param deleted what the transaction deletes before it */
  private checkPut(request: PutRequest, deleted: readonly DeleteRangeRequest[] = []): string | undefined {
    if (request.lease && !LEASES.includes(request.lease)) return 'lease_unknown';
    if (!request.ignoreValue && !request.ignoreLease) return undefined;
    const isGone = this.at(request.key, this.revision) === undefined || deleted.some(({ key, rangeEnd }) => covers(key, rangeEnd, request.key));
    return isGone ? 'key_unknown' : undefined;
  }

  private write(request: PutRequest): PlainKv | undefined {
    const { key } = request;
    const main = this.revision + 1;
    const old = this.at(key, main);
    this.versions.push({
      key, main, sub: this.sub++, tombstone: false, create: old?.create ?? main, version: (old?.version ?? 0) + 1,
      value: request.ignoreValue ? (old as ModelVersion).value : request.value.toString('latin1'),
      lease: request.ignoreLease ? (old as ModelVersion).lease : request.lease ?? 0n,
    });
    return old && plain(old);
  }

  private remove(key: string, end: string | undefined): PlainKv[] {
    const main = this.revision + 1;
    const gone = this.live(key, end, main);
    for (const old of gone) this.versions.push({ key: old.key, main, sub: this.sub++, tombstone: true, create: 0, version: 0, value: '', lease: 0n });
    return gone.map(plain);
  }

  private finish(): void {
    if (this.sub > 0) this.revision++;
    this.sub = 0;
  }

  private get visible(): number {
    return this.sub > 0 ? this.revision + 1 : this.revision;
  }

  private choose(request: TxnRequest): Chosen {
    const succeeded = request.compare.every((compare) => this.compare(compare));
    const ops = succeeded ? request.success : request.failure;
    return { succeeded, ops: ops.map((op) => (op.type === 'txn' ? this.choose(op.request) : op)) };
  }

  private compare(compare: Compare): boolean {
    const kvs = this.live(compare.key, compare.rangeEnd, this.revision).map(plain);
    if (kvs.length === 0) return compare.target !== 3 && outcome(compare, { key: '', create: 0, mod: 0, version: 0, value: '', lease: 0n });
    return kvs.every((kv) => outcome(compare, kv));
  }

  private checkOps(chosen: Chosen, type: 'put' | 'range', deleted: DeleteRangeRequest[] = []): string | undefined {
    for (const op of chosen.ops) {
      let error: string | undefined;
      if ('succeeded' in op) error = this.checkOps(op, type, deleted);
      else if (op.type === 'deleteRange') deleted.push(op.request);
      else if (op.type === 'put' && type === 'put') error = this.checkPut(op.request, deleted);
      else if (op.type === 'range' && type === 'range') error = this.checkRange(op.request.revision ?? 0);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  private checkRange(revision: number): string | undefined {
    if (revision === 0) return undefined;
    return revision > this.revision ? 'future_revision' : revision < this.compacted ? 'compacted' : undefined;
  }

  private execute(chosen: Chosen): unknown[] {
    return chosen.ops.map((op) => {
      if ('succeeded' in op) return { revision: 0, succeeded: op.succeeded, responses: this.execute(op) };
      if (op.type === 'range') return this.range(op.request, this.visible);
      if (op.type === 'put') {
        const prevKv = this.write(op.request);
        return { revision: this.visible, prevKv: op.request.prevKv ? prevKv : undefined };
      }
      if (op.type !== 'deleteRange') throw new Error('not an operation');
      const gone = this.remove(op.request.key, op.request.rangeEnd);
      return { revision: this.visible, deleted: gone.length, prevKvs: op.request.prevKv ? gone : [] };
    });
  }
}

interface Chosen {
  readonly succeeded: boolean;
  readonly ops: readonly (Chosen | RequestOp)[];
}

function outcome(compare: Compare, kv: PlainKv): boolean {
  const order = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
  const difference = [
    () => order(kv.version, compare.version ?? 0), () => order(kv.create, compare.createRevision ?? 0), () => order(kv.mod, compare.modRevision ?? 0),
    () => order(kv.value, compare.value?.toString('latin1') ?? ''), () => order(kv.lease, compare.lease ?? 0n),
  ][compare.target]();
  return [difference === 0, difference > 0, difference < 0, difference !== 0][compare.result];
}

function covers(key: string, end: string | undefined, candidate: string): boolean {
  if (!end) return candidate === key;
  return candidate >= key && (end === '\0' || candidate < end);
}

export function plain(version: ModelVersion): PlainKv {
  return { key: version.key, create: version.create, mod: version.main, version: version.version, value: version.value, lease: version.lease };
}

/** `mvccpb.KeyValue` written down field by field with bigints, to check the store's own encoder. */
export function encode(version: ModelVersion): Buffer {
  const bytes: number[] = [];
  const varint = (value: bigint): void => {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
  };
  const text = (field: number, value: string): void => {
    if (value === '') return;
    varint(BigInt(field * 8 + 2));
    varint(BigInt(value.length));
    bytes.push(...Buffer.from(value, 'latin1'));
  };
  const number = (field: number, value: bigint): void => {
    if (value === 0n) return;
    varint(BigInt(field * 8));
    varint(value);
  };
  text(1, version.key);
  number(2, BigInt(version.create));
  number(3, BigInt(version.main));
  number(4, BigInt(version.version));
  text(5, version.value);
  number(6, version.lease);
  return Buffer.from(bytes);
}
