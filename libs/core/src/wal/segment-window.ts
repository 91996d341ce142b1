import type { DiskFile } from '../ports/disk';
import { aligned, SECTOR_BYTES, wordsOf } from './format';

const WINDOW_BYTES = 1024 * 1024;

/** A stretch of a segment in memory, moved along while it is read. Records decoded from it are views on it. */
export class SegmentWindow {
  private start = 0;
  private end = 0;
  bytes: Buffer = Buffer.alloc(0);
  words: Int32Array = new Int32Array(0);

  /** @param fileBytes the file's size, which is less than the segment's if its end was cut off */
  constructor(private readonly file: DiskFile, readonly fileBytes: number) {}

  /** Place of a segment offset in `bytes`; what `load` was called with last lies within. */
  at(offset: number): number {
    return offset - this.start;
  }

  holds(offset: number, length: number): boolean {
    return offset >= this.start && offset + length <= this.end;
  }

  /** Makes [offset, offset + length) available, up to the end of the file. `offset` is a multiple of eight. */
  async load(offset: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.fileBytes - offset);
    this.bytes = aligned(await this.file.read(offset, wanted));
    this.words = wordsOf(this.bytes);
    this.start = offset;
    this.end = offset + this.bytes.length;
  }

  /** Whether the part of [from, to) that lies in some one sector is all zero: the mark of a write that did not finish. */
  hasZeroSector(from: number, to: number): boolean {
    let at = from;
    while (at < to) {
      const end = Math.min(to, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
      if (firstNonZero(this.bytes, at - this.start, end - this.start) === undefined) return true;
      at = end;
    }
    return false;
  }

  /** Offset of the first byte from `from` on that is not zero, or undefined. Moves the window. */
  async findNonZero(from: number): Promise<number | undefined> {
    for (let offset = from; offset < this.fileBytes; offset = this.end) {
      await this.load(offset & ~7, WINDOW_BYTES);
      const found = firstNonZero(this.bytes, this.at(offset), this.bytes.length);
      if (found !== undefined) return this.start + found;
    }
    return undefined;
  }

  /** Offset after the last byte from `from` on that is not zero; `from` if there is none. Moves the window. */
  async usedEnd(from: number): Promise<number> {
    let used = from;
    for (let offset = from; offset < this.fileBytes; offset = this.end) {
      await this.load(offset & ~7, WINDOW_BYTES);
      const end = afterLastNonZero(this.bytes, this.at(offset));
      if (end !== undefined) used = this.start + end;
    }
    return used;
  }
}

function firstNonZero(bytes: Buffer, from: number, to: number): number | undefined {
  let at = from;
  while (at < to && (at & 7) !== 0) {
    if (bytes[at] !== 0) return at;
    at++;
  }
  const words = wordsOf(bytes);
  while (at + 16 <= to) {
    const word = at >>> 2;
    if ((words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]!) !== 0) break;
    at += 16;
  }
  for (; at < to; at++) if (bytes[at] !== 0) return at;
  return undefined;
}

function afterLastNonZero(bytes: Buffer, from: number): number | undefined {
  let at = bytes.length;
  while (at > from && (at & 7) !== 0) {
    if (bytes[at - 1] !== 0) return at;
    at--;
  }
  const words = wordsOf(bytes);
  while (at - 16 >= from) {
    const word = at >>> 2;
    if ((words[word - 1]! | words[word - 2]! | words[word - 3]! | words[word - 4]!) !== 0) break;
    at -= 16;
  }
  for (; at > from; at--) if (bytes[at - 1] !== 0) return at;
  return undefined;
}
