import type { Disk, DiskFile } from '../ports/disk';
import type { Logger } from '../ports/logger';
import { segmentName } from './format';

/** Zeros are written in pieces of this size and synced piece by piece, so that a sync of the log never waits behind a whole segment. */
const ZERO_CHUNK_BYTES = 1024 * 1024;
/** After this many refused proposals the disk is tried again even if it does not report more free space. */
const REFUSALS_BEFORE_RETRY = 1000;
const PREPARED_SUFFIX = '.tmp';

/** A zero-filled, durable segment that waits to be begun. */
export interface SpareSegment {
  readonly name: string;
  readonly sequence: number;
  readonly file: DiskFile;
}

/** Writes zeros from `from` to `to`, off the calling thread. All but the last piece are synced. */
export async function fillWithZeros(file: DiskFile, from: number, to: number): Promise<void> {
  if (from >= to) return;
  const zeros = Buffer.alloc(Math.min(ZERO_CHUNK_BYTES, to - from));
  for (let at = from; at < to; at += zeros.length) {
    if (at > from) await file.sync();
    await file.writeLater(at, zeros.subarray(0, Math.min(zeros.length, to - at)));
  }
}

/** Creates a zero-filled, synced file under a temporary name and lets `fill` write its first bytes. */
export async function createZeroed(disk: Disk, name: string, bytes: number, begin?: (file: DiskFile) => void): Promise<void> {
  const temporary = name + PREPARED_SUFFIX;
  const file = await disk.create(temporary);
  try {
    await fillWithZeros(file, 0, bytes);
    begin?.(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, name);
  await disk.syncDirectory();
}

/** Removes what was being prepared when the process ended. */
export async function removeUnprepared(disk: Disk): Promise<void> {
  for (const name of await disk.list()) if (name.endsWith(PREPARED_SUFFIX)) await disk.remove(name);
}

/**
 * Keeps the next segments ready, so that the log can go on to one without waiting: a spare has its final name, is filled with zeros and
 * synced, name and bytes. Segments that the log gave back are zeroed again before they serve a second time. A full disk makes the pool wait,
 * never fail.
 */
export class SegmentPool {
  private readonly recycled: string[] = [];
  private preparing: Promise<void> | undefined;
  private probing: Promise<void> | undefined;
  private closed = false;
  private onChange: () => void = () => undefined;
  /** Set while the disk is full: free bytes when the last attempt failed. */
  private freeBytesAtFailure: number | undefined;
  private refusals = 0;

  constructor(
    private readonly disk: Disk,
    private readonly logger: Logger,
    private readonly segmentBytes: number,
    private readonly target: number,
    private readonly spares: SpareSegment[],
    private nextSequence: number,
  ) {}

  get ready(): number {
    return this.spares.length;
  }

  /** Whether a segment is on its way, and nothing says that it will not come. */
  get isPreparing(): boolean {
    return this.preparing !== undefined && this.freeBytesAtFailure === undefined && !this.closed;
  }

  /** Told whenever a segment has become ready, or could not be prepared. One listener. */
  observe(onChange: () => void): void {
    this.onChange = onChange;
  }

  /** The next segment, if it is ready. The one after it is then prepared. */
  take(): SpareSegment | undefined {
    const spare = this.spares.shift();
    if (spare) this.prepare();
    return spare;
  }

  /** Starts preparing what is missing; does nothing while that goes on. */
  prepare(): void {
    if (this.preparing !== undefined || this.closed || this.spares.length >= this.target) return;
    this.preparing = this.prepareMissing().finally(() => {
      this.preparing = undefined;
    });
  }

  /** To be called whenever something is refused for want of room: tries again once space seems to be back. */
  refused(): void {
    this.refusals++;
    if (this.freeBytesAtFailure === undefined || this.probing !== undefined || this.closed) return;
    this.probing = this.probe().finally(() => {
      this.probing = undefined;
    });
  }

  /**
   * Takes back a file that the log does not need any more: `name` exists, is closed, and is not part of the log's sequence by the time
   * this resolves.
   */
  async recycle(name: string, sizeBytes: number): Promise<void> {
    const wanted = this.target - this.spares.length - this.recycled.length;
    if (this.closed || wanted <= 0 || sizeBytes !== this.segmentBytes) {
      await this.disk.remove(name);
      await this.disk.syncDirectory();
    } else {
      const temporary = name + PREPARED_SUFFIX;
      await this.disk.rename(name, temporary);
      // Zeros must not reach the file while it might still come back under its old name.
      await this.disk.syncDirectory();
      this.recycled.push(temporary);
    }
    this.freeBytesAtFailure = undefined;
    this.prepare();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.preparing;
    await this.probing;
    await Promise.all(this.spares.map((spare) => spare.file.close()));
  }

  private async prepareMissing(): Promise<void> {
    try {
      while (this.spares.length < this.target && !this.closed) {
        const sequence = this.nextSequence;
        const name = segmentName(sequence);
        const old = this.recycled.shift();
        if (old !== undefined) await this.zeroAgain(old, name);
        else await this.createNew(name);
        this.nextSequence++;
        this.spares.push({ name, sequence, file: await this.disk.open(name) });
        this.freeBytesAtFailure = undefined;
        this.refusals = 0;
        this.onChange();
      }
    } catch (error) {
      await this.giveUp(error as Error);
    }
  }

  private async zeroAgain(old: string, name: string): Promise<void> {
    const file = await this.disk.open(old);
    try {
      await fillWithZeros(file, 0, this.segmentBytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.disk.rename(old, name);
    await this.disk.syncDirectory();
  }

  private async createNew(name: string): Promise<void> {
    const free = await this.disk.freeBytes();
    if (free < this.segmentBytes) throw new Error(`${free} bytes are free, a WAL segment takes ${this.segmentBytes}`);
    await createZeroed(this.disk, name, this.segmentBytes);
  }

  private async giveUp(error: Error): Promise<void> {
    if (this.freeBytesAtFailure === undefined) {
      this.logger.warn('cannot prepare the next WAL segment; writes will be refused when the present one is full', { error: error.message });
    }
    this.freeBytesAtFailure = 0;
    this.refusals = 0;
    this.onChange();
    try {
      const unfinished = segmentName(this.nextSequence) + PREPARED_SUFFIX;
      if ((await this.disk.list()).includes(unfinished)) await this.disk.remove(unfinished);
      this.freeBytesAtFailure = await this.disk.freeBytes();
    } catch (cleanupError) {
      this.logger.warn('cannot remove an unfinished WAL segment', { error: (cleanupError as Error).message });
    }
  }

  private async probe(): Promise<void> {
    const free = await this.disk.freeBytes().catch(() => 0);
    const grown = free > (this.freeBytesAtFailure ?? 0) && free >= this.segmentBytes;
    if (!grown && this.refusals < REFUSALS_BEFORE_RETRY) return;
    this.prepare();
  }
}
