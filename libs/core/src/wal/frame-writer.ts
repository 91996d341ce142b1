import { crc32cOfWords } from '../base/crc32c';
import type { Entry, HardState } from '../raft/types';
import {
  encodeSegmentHeader, ENTRY_HEAD_BYTES, FRAME_HEADER_BYTES, frameBytes, HARD_STATE_BYTES, headerCheck, kindWord, padFrame, RecordType,
  SEGMENT_HEADER_BYTES, type SegmentHeader, SNAPSHOT_BYTES, WORD_CHECK, WORD_HEADER_CHECK, WORD_KIND, WORD_LENGTH, WORD_SYNCED,
  wordsOf, writeSafeInteger,
} from './format';

const INITIAL_BYTES = 64 * 1024;
/** A buffer that one large batch made grow is given back above this size. */
const KEEP_BYTES_MAX = 8 * 1024 * 1024;
const TWO_32 = 0x1_0000_0000;

export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
}

/**
 * Lays out frames one after the other in one reused buffer, so that a batch leaves in a single write. The bytes of each entry are copied
 * here and nowhere else.
 */
export class FrameWriter {
  private bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  private words = wordsOf(this.bytes);
  private used = 0;
  private segmentSeed = 0;
  private segmentOffset = 0;
  private syncedBytes = 0;
  /** Check of the frame laid out last: the next one's seed. */
  check = 0;

  /**
   * Starts over, at a place in a segment.
   * @param syncedBytes how much of the segment is known to be durable: frames carry it as evidence against silent loss
   */
  restart(segmentSeed: number, segmentOffset: number, check: number, syncedBytes: number): void {
    if (this.bytes.length > KEEP_BYTES_MAX) this.allocate(INITIAL_BYTES);
    this.used = 0;
    this.segmentSeed = segmentSeed;
    this.segmentOffset = segmentOffset;
    this.check = check;
    this.syncedBytes = syncedBytes;
  }

  /** Where in the segment the next frame goes. */
  get offset(): number {
    return this.segmentOffset + this.used;
  }

  /** What was laid out since `restart`; valid until the next call. */
  pending(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  /** Starts over with the header of a new segment. Returns its seed. */
  segmentHeader(header: Omit<SegmentHeader, 'seed'>): number {
    this.restart(0, 0, 0, 0);
    const seed = encodeSegmentHeader(this.bytes, header);
    this.used = SEGMENT_HEADER_BYTES;
    this.segmentSeed = seed;
    this.check = seed;
    return seed;
  }

  metadata(metadata: Buffer, flags: number): void {
    const body = this.begin(RecordType.Metadata, metadata.length, flags);
    this.bytes.set(metadata, body);
    this.finish(metadata.length);
  }

  hardState(state: HardState, flags: number): void {
    const body = this.begin(RecordType.HardState, HARD_STATE_BYTES, flags);
    writeSafeInteger(this.bytes, state.term, body);
    this.bytes.writeBigUInt64LE(state.vote, body + 8);
    writeSafeInteger(this.bytes, state.commit, body + 16);
    this.finish(HARD_STATE_BYTES);
  }

  snapshot(mark: SnapshotMark, flags: number): void {
    const body = this.begin(RecordType.Snapshot, SNAPSHOT_BYTES, flags);
    writeSafeInteger(this.bytes, mark.index, body);
    writeSafeInteger(this.bytes, mark.term, body + 8);
    this.finish(SNAPSHOT_BYTES);
  }

  entry(entry: Entry, flags: number): void {
    const length = ENTRY_HEAD_BYTES + entry.data.length;
    const body = this.begin(RecordType.Entry, length, flags);
    const words = this.words;
    const word = body >>> 2;
    words[word] = entry.index;
    words[word + 1] = entry.index / TWO_32;
    words[word + 2] = entry.term;
    words[word + 3] = entry.term / TWO_32;
    words[word + 4] = entry.type;
    this.bytes.set(entry.data, body + ENTRY_HEAD_BYTES);
    this.finish(length);
  }

  /** Lays out a frame's header; returns where its body goes. */
  private begin(type: RecordType, bodyBytes: number, flags: number): number {
    this.reserve(frameBytes(bodyBytes));
    const words = this.words;
    const frame = this.used >>> 2;
    words[frame + WORD_LENGTH] = bodyBytes;
    words[frame + WORD_KIND] = kindWord(type, flags);
    words[frame + WORD_SYNCED] = this.syncedBytes;
    words[frame + WORD_HEADER_CHECK] = headerCheck(words, frame, this.segmentSeed, this.segmentOffset + this.used);
    return this.used + FRAME_HEADER_BYTES;
  }

  private finish(bodyBytes: number): void {
    const end = this.used + frameBytes(bodyBytes);
    padFrame(this.bytes, this.used + FRAME_HEADER_BYTES + bodyBytes, end);
    const frame = this.used >>> 2;
    this.check = crc32cOfWords(this.words, frame + WORD_LENGTH, end >>> 2, this.check);
    this.words[frame + WORD_CHECK] = this.check;
    this.used = end;
  }

  private reserve(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const laidOut = this.pending();
    let size = this.bytes.length;
    while (size < this.used + more) size *= 2;
    this.allocate(size);
    laidOut.copy(this.bytes);
  }

  private allocate(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.words = wordsOf(this.bytes);
  }
}
