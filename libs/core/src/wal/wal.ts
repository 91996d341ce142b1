import type { Random } from '@quorate/api';
import { assert } from '../base/assert';
import type { Disk } from '../ports/disk';
import type { Logger } from '../ports/logger';
import type { Entry, HardState } from '../raft/types';
import { EntryIndex } from './entry-index';
import { EntryReader } from './entry-reader';
import { WalFailedError, WalFullError, WalRangeError } from './errors';
import {
  entryFrameBytes, FrameFlag, frameBytes, HARD_STATE_BYTES, SALT_BYTES, SEGMENT_HEADER_BYTES, segmentName, sequenceOfName, SNAPSHOT_BYTES,
} from './format';
import { FrameWriter, type SnapshotMark } from './frame-writer';
import { recover } from './recovery';
import { Segment } from './segment';
import { createZeroed, removeUnprepared, SegmentPool, type SpareSegment } from './segment-pool';
import { SyncQueue } from './sync-queue';

export const DEFAULT_SEGMENT_BYTES = 64_000_000;
/** Kept free of proposals, for what must always find room: hard states and the entries that a new leader writes. */
const RESERVE_BYTES_MAX = 1024 * 1024;
/** Bytes that an entry takes besides its data, padding included. */
const ENTRY_OVERHEAD_BYTES = 48;
const NOTHING: HardState = { term: 0, vote: 0n, commit: 0 };

export interface WalOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly logger: Logger;
  /** Size of new segments; {@link DEFAULT_SEGMENT_BYTES} unless given. */
  readonly segmentBytes?: number;
  /** Segments kept ready ahead; 1 unless given. */
  readonly spareSegments?: number;
  /** Opaque, written at the head of every segment: the ids of member and cluster. `open` ignores it and gives back what was written. */
  readonly metadata: Buffer;
}

/** What is written together: recovered whole or not at all. */
export interface WalBatch {
  readonly hardState?: HardState | undefined;
  /** Consecutive indexes. An entry at an index that the log has replaces that one and drops all after it. */
  readonly entries: readonly Entry[];
  /**
   * The state up to here is held elsewhere. Comes before the entries of its batch; a log that has no entry of this index and term is void
   * from then on, another one stays as it is.
   */
  readonly snapshot?: SnapshotMark | undefined;
}

export interface Recovered {
  readonly metadata: Buffer;
  readonly hardState: HardState;
  /** Above the snapshot, without gaps. */
  readonly entries: Entry[];
  /** The newest; {0, 0} if there is none. */
  readonly snapshot: SnapshotMark;
  /** Bytes of an unfinished write that were cut off. */
  readonly truncatedBytes: number;
}

/** The newest of what every segment's head repeats. */
interface Head {
  readonly metadata: Buffer;
  hardState: HardState;
  snapshot: SnapshotMark;
}

/**
 * The write-ahead log: Raft's entries and hard state in a chain of segment files. Appending is synchronous, down to the page cache; one sync
 * makes durable all that was appended before it. The format and the rules of recovery are in `README.md` beside this file.
 *
 * After a failed write or sync nothing works any more: every waiter and every later call gets {@link WalFailedError}, and the process has
 * to end, since what the disk holds is unknown (SAFETY.md 4).
 */
export class Wal {
  private readonly writer = new FrameWriter();
  private readonly reader: EntryReader;
  private readonly syncs = new SyncQueue((error) => this.fail(error));
  private trimming: Promise<unknown> = Promise.resolve();
  private failure: WalFailedError | undefined;
  private closed = false;
  private current: Segment;

  private constructor(
    private readonly options: WalOptions,
    private readonly pool: SegmentPool,
    private readonly segmentBytes: number,
    private readonly segments: Segment[],
    private readonly index: EntryIndex,
    private readonly head: Head,
    /** Check of the last frame. */
    private check: number,
  ) {
    this.current = segments[segments.length - 1]!;
    this.reader = new EntryReader(segments, index);
    this.pool.prepare();
  }

  /** Whether the directory holds a log. */
  static async exists(disk: Disk): Promise<boolean> {
    return (await disk.list()).some((name) => sequenceOfName(name) !== undefined);
  }

  /** Begins a log in a directory that has none; durable when it resolves. */
  static async create(options: WalOptions): Promise<Wal> {
    const { disk } = options;
    if (await Wal.exists(disk)) throw new WalFailedError('there is a WAL in the directory already');
    await removeUnprepared(disk);
    const segmentBytes = segmentBytesOf(options);
    const head: Head = { metadata: Buffer.from(options.metadata), hardState: NOTHING, snapshot: { index: 0, term: 0 } };
    const writer = new FrameWriter();
    const header = { sequence: 1, firstIndex: 1, sizeBytes: segmentBytes, salt: options.random.bytes(SALT_BYTES), previousCheck: 0 };
    const seed = writer.segmentHeader(header);
    writeHead(writer, head);
    const name = segmentName(header.sequence);
    await createZeroed(disk, name, segmentBytes, (file) => file.write(0, writer.pending()));
    const segment = new Segment(name, { ...header, seed }, await disk.open(name), writer.offset);
    segment.syncedBytes = segment.writtenBytes;
    return new Wal(options, newPool(options, segmentBytes, [], 2), segmentBytes, [segment], new EntryIndex(), head, writer.check);
  }

  /**
   * Reads the log of a directory and goes on with it. An unfinished write at its end is cut off.
   * @throws WalCorruptError for any other damage
   */
  static async open(options: WalOptions): Promise<{ wal: Wal; recovered: Recovered }> {
    const { disk, logger } = options;
    const segmentBytes = segmentBytesOf(options);
    await removeUnprepared(disk);
    const { log, segments, spares, check, truncatedBytes } = await recover(disk, logger, segmentBytes);
    const { hardState, snapshot, entries } = log;
    const metadata = log.metadata!;
    const pool = newPool(options, segmentBytes, spares, segments[segments.length - 1]!.sequence + 1 + spares.length);
    const wal = new Wal(options, pool, segmentBytes, segments, log.index, { metadata, hardState, snapshot }, check);
    return { wal, recovered: { metadata, hardState, entries, snapshot, truncatedBytes } };
  }

  /** Index of the oldest entry that can be read; one more than `lastIndex` if there is none. */
  get firstIndex(): number {
    return this.index.firstIndex;
  }

  get lastIndex(): number {
    return this.index.nextIndex - 1;
  }

  /**
   * Hands a batch to the operating system, in one write unless it goes on in a new segment. Not durable before a `sync` that began later.
   * @throws WalFullError if `hasRoom` was not asked, or answered no; nothing was written then
   */
  append(batch: WalBatch): void {
    this.refuseIfFailed();
    const frames = batch.entries.length + (batch.hardState ? 1 : 0) + (batch.snapshot ? 1 : 0);
    if (frames === 0) return;
    this.requireRoom(batch);
    // Before the frames: a segment begun within this batch must say it too, since the older ones may be trimmed.
    if (batch.hardState) this.head.hardState = batch.hardState;
    if (batch.snapshot && batch.snapshot.index >= this.head.snapshot.index) this.head.snapshot = batch.snapshot;
    const { writer } = this;
    writer.restart(this.current.header.seed, this.current.writtenBytes, this.check, this.current.syncedBytes);
    let left = frames;
    const flags = (): number => (--left === 0 ? FrameFlag.BatchEnd : 0);
    try {
      if (batch.hardState) {
        this.makeRoom(frameBytes(HARD_STATE_BYTES));
        writer.hardState(batch.hardState, flags());
      }
      if (batch.snapshot) {
        this.makeRoom(frameBytes(SNAPSHOT_BYTES));
        writer.snapshot(batch.snapshot, flags());
        this.index.markSnapshot(batch.snapshot.index, batch.snapshot.term);
      }
      for (const entry of batch.entries) {
        this.makeRoom(entryFrameBytes(entry.data.length));
        this.index.put(entry.index, entry.term, this.current.sequence, writer.offset, writer.check);
        writer.entry(entry, --left === 0 ? FrameFlag.BatchEnd : 0);
      }
      this.flush();
    } catch (error) {
      throw this.fail(error);
    }
    this.check = writer.check;
  }

  /**
   * Resolves when everything appended before the call is durable. Calls that come while a sync runs share the next one.
   * @throws WalFailedError to every waiter, if it fails
   */
  sync(): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.closed) return Promise.reject(new WalFailedError('the WAL is closed'));
    return this.syncs.sync();
  }

  /**
   * Whether proposals of this size may be accepted: room for them is reserved on the disk already. If not, the next segment is not ready,
   * because the disk is slow or full; the pool goes on trying.
   * @param dataBytes data of everything accepted and not yet appended, with the proposal in question
   * @param entries how many entries that is
   */
  hasRoom(dataBytes: number, entries = 1): boolean {
    if (this.failure || this.closed) return false;
    const needed = dataBytes + entries * ENTRY_OVERHEAD_BYTES + this.reserveBytes();
    if (needed <= this.current.roomBytes) return true;
    if (this.pool.ready > 0 && needed <= this.capacityBytes()) return true;
    this.pool.refused();
    return false;
  }

  /** Whether room that `hasRoom` denied is on its way: the next segment is being prepared, and the disk has not refused it. */
  get expectsRoom(): boolean {
    return !this.failure && !this.closed && this.pool.isPreparing;
  }

  /** Told when room has come, and when it turned out that none comes. One listener. */
  observeRoom(onChange: () => void): void {
    this.pool.observe(onChange);
  }

  /** Bytes that proposals may still take before room has to be reserved on the disk; each costs its own overhead too. */
  get roomBytes(): number {
    const reserved = this.current.roomBytes + this.pool.ready * this.capacityBytes();
    return Math.max(0, reserved - this.reserveBytes());
  }

  /**
   * Drops the segments that hold only entries below `index`, oldest first, and gives them to the pool. The caller guarantees that all below
   * `index` is durable elsewhere (SAFETY.md 1). Resolves to the new `firstIndex`.
   */
  trim(index: number): Promise<number> {
    const trimmed = this.trimming.then(() => this.trimNow(index));
    this.trimming = trimmed.catch(() => undefined);
    return trimmed;
  }

  /**
   * Entries from `lo` (inclusive) to `hi` (exclusive), read back from the files and verified; about `maxBytes` of data, at least one entry.
   * @throws WalRangeError if some of them are not in the log
   */
  async entries(lo: number, hi: number, maxBytes: number): Promise<Entry[]> {
    this.refuseIfFailed();
    if (lo < this.firstIndex || hi > this.index.nextIndex) {
      throw new WalRangeError(`entries ${lo} to ${hi - 1} were asked for, the WAL holds ${this.firstIndex} to ${this.lastIndex}`);
    }
    return this.reader.read(lo, hi, maxBytes);
  }

  /** The term of an entry, or undefined if the log does not hold it. */
  term(index: number): number | undefined {
    return this.index.term(index);
  }

  /** Waits for what is under way and closes the files. What was appended but not synced may be lost. */
  async close(): Promise<void> {
    this.closed = true;
    await this.trimming;
    await this.syncs.idle();
    await this.pool.close();
    await Promise.all(this.segments.map(async (segment) => {
      await segment.readsDone();
      await segment.file.close();
    }));
  }

  private refuseIfFailed(): void {
    if (this.failure) throw this.failure;
    if (this.closed) throw new WalFailedError('the WAL is closed');
  }

  private fail(error: unknown): WalFailedError {
    if (this.failure) return this.failure;
    this.failure = new WalFailedError(`the WAL failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    this.options.logger.error('the WAL failed; the process has to end', { error: this.failure.message });
    return this.failure;
  }

  private flush(): void {
    const bytes = this.writer.pending();
    const segment = this.current;
    segment.file.write(segment.writtenBytes, bytes);
    segment.writtenBytes += bytes.length;
    this.syncs.written(segment);
  }

  /** Goes on to the next segment if a frame of this size does not fit. */
  private makeRoom(bytes: number): void {
    if (this.writer.offset + bytes <= this.current.header.sizeBytes) return;
    if (this.writer.pending().length > 0) this.flush();
    const spare = this.pool.take();
    assert(spare !== undefined, 'room was checked before');
    this.begin(spare);
  }

  private begin(spare: SpareSegment): void {
    const { writer } = this;
    const header = {
      sequence: spare.sequence, firstIndex: this.index.nextIndex, sizeBytes: this.segmentBytes,
      salt: this.options.random.bytes(SALT_BYTES), previousCheck: writer.check,
    };
    const seed = writer.segmentHeader(header);
    writeHead(writer, this.head);
    this.current = new Segment(spare.name, { ...header, seed }, spare.file, 0);
    this.segments.push(this.current);
  }

  private requireRoom(batch: WalBatch): void {
    let bytes = frameBytes(HARD_STATE_BYTES) + frameBytes(SNAPSHOT_BYTES);
    for (const entry of batch.entries) bytes += entryFrameBytes(entry.data.length);
    if (bytes <= this.current.roomBytes) return;
    let segmentsNeeded = 0;
    let room = this.current.roomBytes;
    const take = (frame: number): void => {
      if (frame > room) {
        segmentsNeeded++;
        room = this.capacityBytes();
        if (frame > room) segmentsNeeded = Infinity;
      }
      room -= frame;
    };
    if (batch.hardState) take(frameBytes(HARD_STATE_BYTES));
    if (batch.snapshot) take(frameBytes(SNAPSHOT_BYTES));
    for (const entry of batch.entries) take(entryFrameBytes(entry.data.length));
    if (segmentsNeeded > this.pool.ready) {
      throw new WalFullError(`a batch of ${bytes} bytes needs ${segmentsNeeded} more segments, ${this.pool.ready} are ready`);
    }
  }

  /** What a new segment can take after its head. */
  private capacityBytes(): number {
    return this.segmentBytes - headBytes(this.head.metadata.length);
  }

  private reserveBytes(): number {
    return Math.min(RESERVE_BYTES_MAX, this.segmentBytes >>> 3);
  }

  private async trimNow(index: number): Promise<number> {
    this.refuseIfFailed();
    const oldest = Math.max(index, this.firstIndex);
    const keep = this.index.has(oldest) ? this.index.place(oldest).sequence : this.current.sequence;
    if (this.segments[0]!.sequence >= keep) return this.firstIndex;
    // What repeats or replaces the bytes that go must be durable before: a log that fell back behind it would miss them.
    if (this.segments.some((segment) => segment.sequence <= keep && !segment.isSynced)) await this.syncs.sync();
    this.index.dropSegmentsBelow(keep);
    while (this.segments[0]!.sequence < keep) {
      const segment = this.segments.shift()!;
      await segment.readsDone();
      await segment.file.close();
      await this.pool.recycle(segment.name, segment.header.sizeBytes);
    }
    return this.firstIndex;
  }
}

function segmentBytesOf(options: WalOptions): number {
  const bytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
  assert(bytes % 8 === 0 && bytes >= 2 * headBytes(options.metadata.length) && bytes <= 0x8000_0000, 'segmentBytes must be a multiple of 8, and hold more than a head');
  return bytes;
}

function headBytes(metadataBytes: number): number {
  return SEGMENT_HEADER_BYTES + frameBytes(metadataBytes) + frameBytes(SNAPSHOT_BYTES) + frameBytes(HARD_STATE_BYTES);
}

/** Metadata, the newest snapshot mark, and last the hard state, which closes the head. */
function writeHead(writer: FrameWriter, head: Head): void {
  writer.metadata(head.metadata, FrameFlag.Head);
  if (head.snapshot.index > 0) writer.snapshot(head.snapshot, FrameFlag.Head);
  writer.hardState(head.hardState, FrameFlag.Head);
}

function newPool(options: WalOptions, segmentBytes: number, spares: SpareSegment[], nextSequence: number): SegmentPool {
  return new SegmentPool(options.disk, options.logger, segmentBytes, options.spareSegments ?? 1, spares, nextSequence);
}
