import { crc32cOfWords } from '../base/crc32c';
import type { Entry } from '../raft/types';
import type { EntryIndex, EntryPlace } from './entry-index';
import { WalCorruptError } from './errors';
import { aligned, FRAME_HEADER_BYTES, frameBytes, headerCheck, WORD_CHECK, WORD_HEADER_CHECK, WORD_LENGTH, wordsOf } from './format';
import { decodeEntry } from './record';
import type { Segment } from './segment';

const READ_BYTES_MIN = 64 * 1024;
const READ_BYTES_MAX = 1024 * 1024;

/** One read from a segment: entries decoded from it are views on it. */
interface Stretch {
  readonly sequence: number;
  readonly start: number;
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

/** Reads entries back from the segments, for followers that are far behind. */
export class EntryReader {
  constructor(private readonly segments: readonly Segment[], private readonly index: EntryIndex) {}

  /** The entries [lo, hi), or the first of them that together have about `maxBytes` of data. They stand in the log as it is now. */
  read(lo: number, hi: number, maxBytes: number): Promise<Entry[]> {
    const places = this.places(lo, hi, maxBytes);
    const used = new Map<number, Segment>();
    for (const segment of this.segments) used.set(segment.sequence, segment);
    const reading = readPlaces(places, used, maxBytes);
    for (const sequence of new Set(places.map((place) => place.sequence))) used.get(sequence)!.keepFor(reading);
    return reading;
  }

  /** Taken before the first wait: the log may be overwritten meanwhile, the frames stay. */
  private places(lo: number, hi: number, maxBytes: number): EntryPlace[] {
    const places: EntryPlace[] = [];
    let framesBytes = 0;
    for (let index = lo; index < hi; index++) {
      const place = this.index.place(index);
      const last = places[places.length - 1];
      if (last?.sequence === place.sequence) framesBytes += place.offset - last.offset;
      if (last !== undefined && framesBytes > 2 * maxBytes + READ_BYTES_MIN) break;
      places.push(place);
    }
    return places;
  }
}

async function readPlaces(places: readonly EntryPlace[], segments: ReadonlyMap<number, Segment>, maxBytes: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let bytesLeft = maxBytes;
  let stretch: Stretch | undefined;
  for (const place of places) {
    const segment = segments.get(place.sequence)!;
    if (stretch === undefined || !holds(stretch, place, FRAME_HEADER_BYTES)) stretch = await load(segment, place.offset, FRAME_HEADER_BYTES, bytesLeft);
    const length = frameLength(stretch, place, segment);
    if (!holds(stretch, place, length)) stretch = await load(segment, place.offset, length, bytesLeft);
    const entry = entryIn(stretch, place, length, segment);
    bytesLeft -= entry.data.length;
    if (entries.length > 0 && bytesLeft < 0) break;
    entries.push(entry);
  }
  return entries;
}

function holds(stretch: Stretch, place: EntryPlace, length: number): boolean {
  return stretch.sequence === place.sequence && place.offset >= stretch.start && place.offset + length <= stretch.start + stretch.bytes.length;
}

async function load(segment: Segment, offset: number, needed: number, wanted: number): Promise<Stretch> {
  const length = Math.max(READ_BYTES_MIN, needed, Math.min(wanted, READ_BYTES_MAX));
  const bytes = aligned(await segment.file.read(offset, Math.min(length, segment.header.sizeBytes - offset)));
  return { sequence: segment.sequence, start: offset, bytes, words: wordsOf(bytes) };
}

function frameLength(stretch: Stretch, place: EntryPlace, segment: Segment): number {
  const word = (place.offset - stretch.start) >>> 2;
  if (stretch.words[word + WORD_HEADER_CHECK] !== headerCheck(stretch.words, word, segment.header.seed, place.offset)) {
    throw new WalCorruptError(segment.name, place.offset, 'the header of a record does not match its checksum any more');
  }
  return frameBytes(stretch.words[word + WORD_LENGTH]! >>> 0);
}

function entryIn(stretch: Stretch, place: EntryPlace, length: number, segment: Segment): Entry {
  const at = place.offset - stretch.start;
  const word = at >>> 2;
  if (stretch.words[word + WORD_CHECK] !== crc32cOfWords(stretch.words, word + WORD_LENGTH, word + (length >>> 2), place.seed)) {
    throw new WalCorruptError(segment.name, place.offset, 'a record does not match its checksum any more');
  }
  const body = stretch.bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + (stretch.words[word + WORD_LENGTH]! >>> 0));
  return decodeEntry(segment.name, { body, offset: place.offset });
}
