import type { Random } from '@quorate/api';

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** How a write that is under way when the power goes can be cut: between sectors, or anywhere (as no real disk does it within a sector). */
export type TearUnit = 'sector' | 'byte';

interface PendingWrite {
  readonly id: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** How much of what was not synced a power loss leaves: from nothing (0) to everything (1). */
export type SurvivalRate = number;

/** A file's bytes as programs see them, and as they are on the platters. */
export class SimInode {
  private seen = Buffer.alloc(0);
  private durable = Buffer.alloc(0);
  private pending: PendingWrite[] = [];
  private lastId = 0;

  get sizeBytes(): number {
    return this.seen.length;
  }

  read(offset: number, length: number): Buffer {
    return Buffer.from(this.seen.subarray(offset, offset + length));
  }

  write(offset: number, bytes: Buffer): void {
    this.seen = overlaid(this.seen, offset, bytes);
    this.pending.push({ id: ++this.lastId, offset, bytes: Buffer.from(bytes) });
  }

  /** Changes bytes on the platters behind everybody's back. */
  damage(offset: number, bytes: Buffer): void {
    this.seen = overlaid(this.seen, offset, bytes);
    this.durable = overlaid(this.durable, offset, bytes);
  }

  /** Cuts the file off behind everybody's back. */
  cut(sizeBytes: number): void {
    this.seen = Buffer.from(this.seen.subarray(0, sizeBytes));
    this.durable = Buffer.from(this.durable.subarray(0, sizeBytes));
    this.pending = this.pending.filter(({ offset }) => offset < sizeBytes)
      .map(({ id, offset, bytes }) => ({ id, offset, bytes: bytes.subarray(0, sizeBytes - offset) }));
  }

  /** What a sync that starts now will cover. */
  mark(): number {
    return this.lastId;
  }

  /** Makes durable what had been written at `mark`. */
  syncTo(mark: number): void {
    for (const write of this.pending) if (write.id <= mark) this.durable = overlaid(this.durable, write.offset, write.bytes);
    this.pending = this.pending.filter((write) => write.id > mark);
  }

  /** The file after the process died: all of it is still in the page cache. */
  afterKill(): SimInode {
    const copy = new SimInode();
    copy.seen = Buffer.from(this.seen);
    copy.durable = Buffer.from(this.durable);
    copy.pending = [...this.pending];
    copy.lastId = this.lastId;
    return copy;
  }

  /**
   * The file after a power loss. Each sector is found as it was after some number of the writes that touched it since the sync: the disk
   * keeps their order within a sector, and none between sectors.
   */
  afterPowerLoss(random: Random, survival: SurvivalRate, tear: TearUnit): SimInode {
    const copy = new SimInode();
    let bytes = Buffer.from(this.durable);
    for (const writes of this.bySector().values()) {
      for (const write of writes) {
        if (random.int(1_000_000) >= survival * 1_000_000) {
          if (tear === 'byte') bytes = overlaid(bytes, write.offset, write.bytes.subarray(0, random.int(write.bytes.length)));
          break;
        }
        bytes = overlaid(bytes, write.offset, write.bytes);
      }
    }
    copy.seen = bytes;
    copy.durable = Buffer.from(bytes);
    return copy;
  }

  private bySector(): Map<number, { offset: number; bytes: Buffer }[]> {
    const sectors = new Map<number, { offset: number; bytes: Buffer }[]>();
    for (const { offset, bytes } of this.pending) {
      let at = 0;
      while (at < bytes.length) {
        const sector = Math.floor((offset + at) / SECTOR_BYTES);
        const end = Math.min(bytes.length, (sector + 1) * SECTOR_BYTES - offset);
        const pieces = sectors.get(sector);
        const piece = { offset: offset + at, bytes: bytes.subarray(at, end) };
        if (pieces) pieces.push(piece);
        else sectors.set(sector, [piece]);
        at = end;
      }
    }
    return sectors;
  }
}

/** `target` with `bytes` at `offset`, in place where it is long enough; what lies between its end and `offset` becomes zero. */
function overlaid(target: Buffer<ArrayBuffer>, offset: number, bytes: Buffer): Buffer<ArrayBuffer> {
  let result = target;
  if (offset + bytes.length > target.length) {
    result = Buffer.alloc(offset + bytes.length);
    target.copy(result);
  }
  bytes.copy(result, offset);
  return result;
}
