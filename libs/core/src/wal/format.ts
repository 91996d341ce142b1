/**
 * The bytes of a segment; `README.md` beside this file is the specification. All numbers are little-endian, all positions are multiples of
 * eight, and the code reads and writes whole words through typed arrays, so it needs a little-endian machine (all that Node supports
 * but s390x).
 */
import { crc32cOfWords } from '../base/crc32c';
import { assert } from '../base/assert';

export const FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const SALT_BYTES = 8;
/** The unit that a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** A frame is a header, a body, and 1 to 8 bytes of padding that are never zero. */
export const FRAME_HEADER_BYTES = 20;
/** Index, term and type, before the data of an entry. */
export const ENTRY_HEAD_BYTES = 20;
export const HARD_STATE_BYTES = 24;
export const SNAPSHOT_BYTES = 16;
const PADDING_BYTE = 0xff;

/** What the body of a frame is. Stored: never renumber. */
export const RecordType = { Metadata: 1, Entry: 2, HardState: 3, Snapshot: 4 } as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

export const FrameFlag = {
  /** The last frame of a batch: a batch is recovered whole or not at all. */
  BatchEnd: 1,
  /** Part of a segment's head: repeats what older segments say, so that they can be trimmed. */
  Head: 2,
} as const;

// Words of a frame's header.
export const WORD_CHECK = 0;
export const WORD_LENGTH = 1;
export const WORD_KIND = 2;
export const WORD_SYNCED = 3;
export const WORD_HEADER_CHECK = 4;

const MAGIC = 'QRTEWAL\n';
const SUFFIX = '.wal';

assert(new Uint8Array(new Uint16Array([1]).buffer)[0] === 1, 'the WAL needs a little-endian machine');

export interface SegmentHeader {
  /** 1 for the first segment of a log; each next one is one more. */
  readonly sequence: number;
  /** Index of the next entry when the segment was begun. */
  readonly firstIndex: number;
  readonly sizeBytes: number;
  readonly salt: Buffer;
  /** Check of the last frame of the segment before; 0 in the first one. */
  readonly previousCheck: number;
  /** Checksum of this header; seeds the checks of the segment's frames and binds them to its salt. */
  readonly seed: number;
}

export function segmentName(sequence: number): string {
  return sequence.toString(16).padStart(16, '0') + SUFFIX;
}

/** The sequence in a segment's name, or undefined for other files. */
export function sequenceOfName(name: string): number | undefined {
  return /^[0-9a-f]{16}\.wal$/.test(name) ? Number.parseInt(name, 16) : undefined;
}

/** Bytes of a frame with a body of this length, padding included. */
export function frameBytes(bodyBytes: number): number {
  return (FRAME_HEADER_BYTES + bodyBytes + 8) & ~7;
}

/** Bytes that an entry with this much data takes in the log. */
export function entryFrameBytes(dataBytes: number): number {
  return frameBytes(ENTRY_HEAD_BYTES + dataBytes);
}

/** The same bytes at an address that typed arrays accept. */
export function aligned(bytes: Buffer): Buffer {
  if ((bytes.byteOffset & 7) === 0) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** The whole words of aligned bytes. */
export function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

/** Writes a segment's header to the first 64 bytes of `bytes`; returns its checksum. */
export function encodeSegmentHeader(bytes: Buffer, header: Omit<SegmentHeader, 'seed'>): number {
  bytes.fill(0, 0, SEGMENT_HEADER_BYTES);
  bytes.latin1Write(MAGIC, 0);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(SEGMENT_HEADER_BYTES, 12);
  writeSafeInteger(bytes, header.sequence, 16);
  writeSafeInteger(bytes, header.firstIndex, 24);
  writeSafeInteger(bytes, header.sizeBytes, 32);
  header.salt.copy(bytes, 40, 0, SALT_BYTES);
  bytes.writeInt32LE(header.previousCheck, 48);
  const seed = crc32cOfWords(wordsOf(bytes), 0, 15, 0);
  bytes.writeInt32LE(seed, 60);
  return seed;
}

/** Reads a segment's header, or says why it is none. `bytes` holds at least 64 and begins at an aligned address. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  const seed = crc32cOfWords(wordsOf(bytes), 0, 15, 0);
  if (bytes.readInt32LE(60) !== seed) return 'checksum of the segment header does not match';
  if (bytes.latin1Slice(0, 8) !== MAGIC) return 'not a WAL segment';
  const version = bytes.readUInt32LE(8);
  if (version !== FORMAT_VERSION) return `format version ${version} is not known to this release (${FORMAT_VERSION})`;
  return {
    sequence: readSafeInteger(bytes, 16),
    firstIndex: readSafeInteger(bytes, 24),
    sizeBytes: readSafeInteger(bytes, 32),
    salt: Buffer.from(bytes.subarray(40, 48)),
    previousCheck: bytes.readInt32LE(48),
    seed,
  };
}

/** The second word of a frame's header. */
export function kindWord(type: RecordType, flags: number): number {
  return type | (FORMAT_VERSION << 8) | (flags << 16);
}

/** The checksum of a frame's header alone: tells a changed length from a write that did not finish. */
export function headerCheck(words: Int32Array, frameWord: number, segmentSeed: number, offset: number): number {
  return crc32cOfWords(words, frameWord + WORD_LENGTH, frameWord + WORD_HEADER_CHECK, segmentSeed ^ (offset >>> 3));
}

/** Fills the padding after a body; its last byte is never zero, so that a frame's end differs from bytes that were not written. */
export function padFrame(bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at++) bytes[at] = PADDING_BYTE;
}

export function writeSafeInteger(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value >>> 0, offset);
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
}

export function readSafeInteger(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}
