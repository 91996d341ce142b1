import {
  ApiError, type ByteString, type DeleteRangeRequest, type DeleteRangeResponse, type ErrorCode, type KeyValue, type PutRequest,
  type PutResponse, type RangeRequest, type RangeResponse, type TxnRequest, type TxnResponse, type WatchEvent,
} from '@quorate/api';
import type { RevisionId, RevisionRow } from '../ports/backend';
import { hashVersions } from './hash';
import { HistoryReader } from './history';
import { isSingleKey } from './key-range';
import { RangeReader } from './range-reader';
import { putEvent, RevisionWriter, writePut } from './revision-writer';
import { RowHolds } from './row-holds';
import { SLICE_KEYS, type Steps } from './steps';
import { EMPTY_SAVED, type HashResult, type HistoryOptions, type HistorySlice, type RevisionEvents, type SavedStore, type StoreOptions } from './store-options';
import { checkPath, choosePath, TxnExecution, type TxnPath, writes } from './txn';
import { TxnReader } from './txn-reader';
import { VersionLoader } from './version-loader';
import { Versions } from './versions';

const HISTORY_CACHE_BYTES = 16 * 1024 * 1024;

/** Rows read at once while the store is restored. */
const RESTORE_ROWS = 10_000;
const RESTORE_BYTES = 8 * 1024 * 1024;

/**
 * The multi-version store: every change makes a revision, every revision stays readable until it is compacted
 * (etcd's mvcc). Changes are applied by one caller, one at a time; they are written beside what readers see and become
 * visible at once, when `currentRevision` moves on.
 */
export class MvccStore {
  private readonly versions: Versions;
  private readonly holds = new RowHolds();
  private readonly loader: VersionLoader;
  private readonly ranges: RangeReader;
  private readonly txns: TxnReader;
  private readonly past: HistoryReader;
  private revision = 1;
  private publishedKeys = 0;
  private storedUpTo = 1;
  private published: RevisionEvents | undefined = undefined;
  private writing = false;

  /** An empty store at revision 1; use `restore` where the backend may hold something. */
  constructor(private readonly options: StoreOptions) {
    this.versions = new Versions(options.sliceKeys ?? SLICE_KEYS);
    this.loader = new VersionLoader(options.backend, options.historyCacheBytes ?? HISTORY_CACHE_BYTES);
    const nextTurn = (): Promise<void> => options.nextTurn?.() ?? Promise.resolve();
    const currentRevision = (): number => this.revision;
    this.ranges = new RangeReader(this.versions, this.loader, this.holds, nextTurn, options.header, currentRevision);
    this.txns = new TxnReader(this.versions, this.ranges, this.holds, nextTurn, options.header, currentRevision, (path) => this.checkPath(path));
    this.past = new HistoryReader(this.versions, this.loader, this.holds, options.backend, nextTurn, currentRevision, () => this.storedUpTo);
  }

  /**
   * Rebuilds the store from what the backend holds and finishes a compaction that was interrupted: the rows it still has to
   * drop come with the next `takeChanges`. Calls `onLeaseChange` for every leased key.
   */
  static async restore(options: StoreOptions, saved: SavedStore = EMPTY_SAVED): Promise<MvccStore> {
    const store = new MvccStore(options);
    await store.load(saved);
    return store;
  }

  get currentRevision(): number {
    return this.revision;
  }

  /** -1 before the first compaction. */
  get compactedRevision(): number {
    return this.versions.compactedRevision;
  }

  /** All revisions up to this one are committed in the backend. */
  get storedRevision(): number {
    return this.storedUpTo;
  }

  /** Bytes of all kept versions by rule: encoded bytes and a fixed cost each (SAFETY.md 14). */
  get sizeBytes(): number {
    return this.versions.sizeBytes;
  }

  /** Like `sizeBytes`: what compaction drops is not counted from then on. */
  get sizeInUseBytes(): number {
    return this.versions.sizeBytes;
  }

  /** The part of `sizeBytes` that is not history. */
  get liveBytes(): number {
    return this.versions.liveBytes;
  }

  /** Keys that exist at the current revision. */
  get keyCount(): number {
    return this.publishedKeys;
  }

  /** Bytes of memory that hold current versions. */
  get slabBytes(): number {
    return this.versions.slabBytes;
  }

  /** Versions that the backend has not committed yet. */
  get unstoredCount(): number {
    return this.versions.tail.length;
  }

  // --- apply side -------------------------------------------------------------------------------------------------

  /** Answers `lease_unknown`, or `key_unknown` where the value or lease of a missing key is to be kept. */
  put(request: PutRequest): PutResponse | ErrorCode {
    const error = this.checkPut(request);
    if (error !== undefined) return error;
    if (this.writing) throw new Error('a change is applied before the one before it was finished');
    const { versions } = this;
    const revision = this.revision + 1;
    const kv = writePut(versions, request, revision, 0);
    const event = putEvent(versions, kv);
    const { leaseBefore } = versions;
    versions.tail.publish();
    this.revision = revision;
    this.publishedKeys = versions.liveKeys;
    this.published = { revision, events: [event] };
    if (leaseBefore !== 0n || request.lease) {
      const lease = request.ignoreLease ? leaseBefore : request.lease ?? 0n;
      if (lease !== leaseBefore) this.options.onLeaseChange(request.key, leaseBefore, lease);
    }
    const header = this.options.header(revision);
    return request.prevKv && event.prevKv !== undefined ? { header, prevKv: event.prevKv } : { header };
  }

  *deleteRange(request: DeleteRangeRequest): Steps<DeleteRangeResponse> {
    const writer = this.beginWrite();
    const prevKvs: KeyValue[] = [];
    const deleted = yield* writer.deleteRange(request.key, request.rangeEnd, request.prevKv ? prevKvs : undefined);
    yield* this.publish(writer);
    return { header: this.options.header(this.revision), deleted, prevKvs };
  }

  /** Deletes those of the keys that exist, in order, in one revision (the keys of a lease). @returns how many */
  *deleteKeys(keys: readonly ByteString[]): Steps<number> {
    const writer = this.beginWrite();
    const deleted = yield* writer.deleteKeys([...keys].sort(byteOrder));
    yield* this.publish(writer);
    return deleted;
  }

  /**
   * A transaction. Whatever can be refused is refused before its first write. Historical ranges whose bytes are in the
   * backend are filled in afterwards: then the answer is a promise, but the transaction is done.
   * @param wanted whether this member answers; where not, ranges are not read and the answer is not to be used
   */
  *txn(request: TxnRequest, wanted: boolean): Steps<TxnResponse | Promise<TxnResponse> | ErrorCode> {
    const path = yield* choosePath(this.versions, request, this.revision);
    const error = this.checkPath(path);
    if (error !== undefined) return error;
    const writer = writes(path) ? this.beginWrite() : undefined;
    const execution = new TxnExecution(this.versions, this.revision, writer, wanted);
    const responses = yield* execution.run(path);
    if (writer !== undefined) yield* this.publish(writer);
    const response: TxnResponse = { header: this.options.header(this.revision), succeeded: path.succeeded, responses };
    return execution.fills.length === 0 ? response : this.ranges.fill(response, execution.fills);
  }

  /** Makes everything below a revision unreadable at once, then drops it; the rows come with `takeChanges`. */
  *compact(revision: number): Steps<ErrorCode | undefined> {
    if (revision <= this.versions.compactedRevision) return 'compacted';
    if (revision > this.revision) return 'future_revision';
    this.versions.compactedRevision = revision;
    while (this.versions.dropCompacted(this.versions.sliceKeys)) yield;
    return undefined;
  }

  /** The last publication, told once. To be called before the next change is applied. */
  takeEvents(): RevisionEvents | undefined {
    const { published } = this;
    this.published = undefined;
    return published;
  }

  /** What the next batch for the backend has to hold: published versions that no call returned before, and dropped ones. */
  takeChanges(): { revisions: RevisionRow[]; compacted: RevisionId[] } {
    this.holds.add(this.versions.takeDropped());
    return { revisions: this.versions.tail.take(), compacted: this.holds.take() };
  }

  /** The backend has committed the batches that hold everything up to this revision. */
  changesStored(revision: number): void {
    if (revision > this.revision) throw new Error('the backend reports revisions that were not published');
    this.versions.tail.dropStored(revision);
    this.storedUpTo = Math.max(this.storedUpTo, revision);
  }

  // --- read side --------------------------------------------------------------------------------------------------

  /** Throws or rejects with `future_revision` or `compacted`. */
  range(request: RangeRequest): RangeResponse | Promise<RangeResponse> {
    const error = this.checkRange(request);
    if (error !== undefined) throw new ApiError(error);
    return isSingleKey(request.rangeEnd) ? this.ranges.one(request) : this.ranges.many(request);
  }

  /** A transaction without writes, at one revision: at once, or in later turns where it reads many keys. Throws or rejects like `range`. */
  readTxn(request: TxnRequest): TxnResponse | Promise<TxnResponse> {
    return this.txns.read(request);
  }

  /**
   * The changes from a revision on, for watchers that catch up: whole revisions, about `bytesMax` of them, at least one.
   * `fromRevision` above the current one gives an empty slice; `undefined`: it was compacted, before or while reading.
   */
  history(fromRevision: number, bytesMax: number, options: HistoryOptions = {}): Promise<HistorySlice | undefined> {
    return this.past.read(fromRevision, bytesMax, options);
  }

  /** The hash of the versions kept at a revision (0: the current one), equal on all members (SAFETY.md 16). Rejects like `range`. */
  async hashKv(revision: number): Promise<HashResult> {
    if (revision > this.revision) throw new ApiError('future_revision');
    return hashVersions(this.versions, this.past, revision > 0 ? revision : this.revision);
  }

  // ----------------------------------------------------------------------------------------------------------------

  private checkPut(request: PutRequest): ErrorCode | undefined {
    if (request.lease && !this.options.leases.exists(request.lease)) return 'lease_unknown';
    if ((request.ignoreValue || request.ignoreLease) && this.versions.findLive(request.key) < 0) return 'key_unknown';
    return undefined;
  }

  private checkRange(request: RangeRequest): ErrorCode | undefined {
    const { revision } = request;
    if (revision === undefined || revision <= 0) return undefined;
    if (revision > this.revision) return 'future_revision';
    return revision < this.versions.compactedRevision ? 'compacted' : undefined;
  }

  private checkPath(path: TxnPath): ErrorCode | undefined {
    return checkPath(path, (put) => this.checkPut(put), (range) => this.checkTxnRange(range));
  }

  /** In a transaction etcd takes a negative revision for a number like any other, which lies below every compaction. */
  private checkTxnRange(request: RangeRequest): ErrorCode | undefined {
    const { revision = 0 } = request;
    return revision < 0 && revision < this.versions.compactedRevision ? 'compacted' : this.checkRange(request);
  }

  private beginWrite(): RevisionWriter {
    if (this.writing) throw new Error('a change is applied before the one before it was finished');
    this.writing = true;
    this.versions.shadow();
    return new RevisionWriter(this.versions, this.revision + 1);
  }

  private *publish(writer: RevisionWriter): Steps<void> {
    const { leaseChanges } = writer;
    const { sliceKeys } = this.versions;
    let at = 0;
    for (; leaseChanges.length - at > sliceKeys; yield) {
      for (const end = at + sliceKeys; at < end; at++) this.leaseChanged(leaseChanges[at]);
    }
    for (; at < leaseChanges.length; at++) this.leaseChanged(leaseChanges[at]);
    this.versions.unshadow();
    this.writing = false;
    if (!writer.changed) return;
    this.versions.tail.publish();
    this.revision = writer.revision;
    this.publishedKeys = this.versions.liveKeys;
    this.published = { revision: writer.revision, events: writer.events as WatchEvent[] };
  }

  private leaseChanged(change: { key: ByteString; from: bigint; to: bigint }): void {
    this.options.onLeaseChange(change.key, change.from, change.to);
  }

  private async load(saved: SavedStore): Promise<void> {
    const { versions } = this;
    let from: RevisionId = { main: 0, sub: 0 };
    for (;;) {
      const rows = await this.options.backend.scan(from, RESTORE_ROWS, RESTORE_BYTES);
      if (rows.length === 0) break;
      for (const row of rows) versions.restore(row);
      const last = rows[rows.length - 1];
      from = { main: last.main, sub: last.sub + 1 };
    }
    this.revision = saved.currentRevision;
    this.storedUpTo = saved.currentRevision;
    this.publishedKeys = versions.liveKeys;
    versions.compactedRevision = Math.max(saved.compactedRevision, saved.scheduledCompactRevision ?? -1);
    while (versions.dropCompacted(versions.sliceKeys)) await this.options.nextTurn?.();
    versions.table.forEachLease((key, lease) => this.options.onLeaseChange(key, 0n, lease));
  }
}

function byteOrder(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
