import { crc32cOfWords } from '../base/crc32c';
import { WalCorruptError } from './errors';
import {
  FORMAT_VERSION, FRAME_HEADER_BYTES, frameBytes, headerCheck, RecordType, SECTOR_BYTES, SEGMENT_HEADER_BYTES, type SegmentHeader, WORD_CHECK,
  WORD_HEADER_CHECK, WORD_KIND, WORD_LENGTH, WORD_SYNCED,
} from './format';
import type { SegmentWindow } from './segment-window';

/** One valid frame. `body` is a view that stays valid. */
export interface Frame {
  readonly type: RecordType;
  readonly flags: number;
  readonly body: Buffer;
  readonly offset: number;
  readonly endOffset: number;
  /** Check of the frame before it. */
  readonly seed: number;
  readonly check: number;
}

export interface ScanEnd {
  /** After the last valid frame. */
  readonly offset: number;
  /** Check of the last valid frame. */
  readonly check: number;
  /** The bytes after it are those of a write that did not finish; otherwise they are zero. */
  readonly torn: boolean;
}

/**
 * Reads a segment's frames in order up to where the log ends in it.
 * @throws WalCorruptError where bytes are neither a frame nor an unfinished write
 */
export async function scanSegment(
  name: string, window: SegmentWindow, header: SegmentHeader, visit: (frame: Frame) => void,
): Promise<ScanEnd> {
  let offset = SEGMENT_HEADER_BYTES;
  let check = header.seed;
  const end = (torn: boolean): ScanEnd => ({ offset, check, torn });
  for (;;) {
    const state = await frameAt(name, window, header, offset, check);
    if (state === 'torn') return end(true);
    if (state === 'none') return end(await endsTorn(name, window, offset));
    visit(state);
    offset = state.endOffset;
    check = state.check;
  }
}

/** The frame at an offset; `none` where nothing was written, `torn` where a write did not finish. */
async function frameAt(
  name: string, window: SegmentWindow, header: SegmentHeader, offset: number, seed: number,
): Promise<Frame | 'none' | 'torn'> {
  if (offset + FRAME_HEADER_BYTES > header.sizeBytes || offset === window.fileBytes) return 'none';
  if (offset + FRAME_HEADER_BYTES > window.fileBytes) return 'torn';
  if (!window.holds(offset, FRAME_HEADER_BYTES)) await window.load(offset, FRAME_HEADER_BYTES);

  let word = window.at(offset) >>> 2;
  if (isZeroHeader(window.words, word)) return 'none';
  if (window.words[word + WORD_HEADER_CHECK] !== headerCheck(window.words, word, header.seed, offset)) {
    if (window.hasZeroSector(offset, offset + FRAME_HEADER_BYTES)) return 'torn';
    throw new WalCorruptError(name, offset, 'the header of a record does not match its checksum');
  }
  const bodyBytes = window.words[word + WORD_LENGTH]! >>> 0;
  const kind = window.words[word + WORD_KIND]!;
  if (((kind >>> 8) & 0xff) !== FORMAT_VERSION) throw new WalCorruptError(name, offset, 'a record of a version that is not known to this release');
  const endOffset = offset + frameBytes(bodyBytes);
  if (endOffset > header.sizeBytes) throw new WalCorruptError(name, offset, 'a record reaches beyond its segment');
  if (endOffset > window.fileBytes) return 'torn';

  if (!window.holds(offset, endOffset - offset)) await window.load(offset, endOffset - offset);
  word = window.at(offset) >>> 2;
  const check = crc32cOfWords(window.words, word + WORD_LENGTH, word + ((endOffset - offset) >>> 2), seed);
  if (window.words[word + WORD_CHECK] !== check) {
    if (window.hasZeroSector(offset, endOffset)) return 'torn';
    throw new WalCorruptError(name, offset, 'a record does not match its checksum');
  }
  const bodyAt = window.at(offset) + FRAME_HEADER_BYTES;
  return {
    type: (kind & 0xff) as RecordType, flags: kind >>> 16, body: window.bytes.subarray(bodyAt, bodyAt + bodyBytes), offset, endOffset, seed, check,
  };
}

function isZeroHeader(words: Int32Array, word: number): boolean {
  return (words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]! | words[word + 4]!) === 0;
}

/** Whether something lies after the log's apparent end. A sector is written whole or not at all, so it cannot lie in the same one. */
async function endsTorn(name: string, window: SegmentWindow, offset: number): Promise<boolean> {
  const found = await window.findNonZero(offset);
  if (found === undefined) return false;
  if (found - (found % SECTOR_BYTES) < offset + FRAME_HEADER_BYTES) throw new WalCorruptError(name, found, 'bytes after the end of the log');
  return true;
}

/**
 * Looks, behind a place where the log broke off, for a frame that was written when more than `syncedBytes` of this segment were known to be
 * durable. If there is one, what is missing had been synced: it was lost later, not left unfinished. Returns its offset.
 */
export async function findLaterEvidence(
  window: SegmentWindow, header: SegmentHeader, from: number, syncedBytes: number,
): Promise<number | undefined> {
  for (let offset = from; offset + FRAME_HEADER_BYTES <= window.fileBytes; offset += 8) {
    if (!window.holds(offset, FRAME_HEADER_BYTES)) await window.load(offset, FRAME_HEADER_BYTES);
    const word = window.at(offset) >>> 2;
    if (isFrameHeader(window.words, word, header, offset) && window.words[word + WORD_SYNCED]! >>> 0 > syncedBytes) return offset;
  }
  return undefined;
}

function isFrameHeader(words: Int32Array, word: number, header: SegmentHeader, offset: number): boolean {
  const kind = words[word + WORD_KIND]!;
  return kind !== 0
    && (kind & 0xff) <= RecordType.Snapshot
    && ((kind >>> 8) & 0xff) === FORMAT_VERSION
    && words[word + WORD_SYNCED]! >>> 0 <= offset
    && words[word + WORD_HEADER_CHECK] === headerCheck(words, word, header.seed, offset);
}
