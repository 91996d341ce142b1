import { assert } from '../base/assert';
import type { Disk, DiskFile } from '../ports/disk';
import type { Logger } from '../ports/logger';
import { WalCorruptError } from './errors';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, sequenceOfName } from './format';
import { RecoveredLog } from './recovered-log';
import { Segment } from './segment';
import { fillWithZeros, type SpareSegment } from './segment-pool';
import { findLaterEvidence, type ScanEnd, scanSegment } from './segment-scan';
import { SegmentWindow } from './segment-window';

/** A segment's file before it is known whether it belongs to the log. */
interface Candidate {
  readonly name: string;
  readonly sequence: number;
  readonly file: DiskFile;
  readonly fileBytes: number;
  /** Undefined: prepared, but not begun. */
  readonly header: SegmentHeader | undefined;
}

export interface Recovery {
  readonly log: RecoveredLog;
  /** The live segments, oldest first; the last one is written on. */
  readonly segments: Segment[];
  /** Zero-filled segments that follow them, ready for use. */
  readonly spares: SpareSegment[];
  /** Check of the last frame. */
  readonly check: number;
  /** Bytes of unfinished writes that were cut off. */
  readonly truncatedBytes: number;
}

/**
 * Reads the whole log, cuts off a write that did not finish, and makes durable what it read: after a mere crash of the process the last
 * bytes may be in the page cache only.
 * @throws WalCorruptError naming file and offset, for anything else that is not as it was written
 */
export async function recover(disk: Disk, logger: Logger, segmentBytes: number): Promise<Recovery> {
  const candidates = await openCandidates(disk);
  try {
    const log = new RecoveredLog();
    const stop = await replay(candidates, log);
    const end = log.end;
    const lastLive = candidates.findIndex((candidate) => candidate.sequence === end?.sequence);
    if (end === undefined || log.metadata === undefined || lastLive < 0) {
      throw new WalCorruptError(candidates[0]!.name, SEGMENT_HEADER_BYTES, 'the head of the oldest segment is incomplete');
    }
    const unfinished = stop.torn || log.isMidBatch;
    if (unfinished) await refuseIfDurable(candidates, stop, end);
    const dropped = await dropAfter(disk, candidates, lastLive, segmentBytes);
    const truncatedBytes = dropped.truncatedBytes + await zeroTail(candidates[lastLive]!, end.offset, unfinished);
    if (truncatedBytes > 0) logger.warn('cut an unfinished write off the WAL', { file: candidates[lastLive]!.name, offset: end.offset, truncatedBytes });
    return { log, segments: await liveSegments(disk, candidates.slice(0, lastLive + 1), end.offset), spares: dropped.kept, check: end.check, truncatedBytes };
  } catch (error) {
    await Promise.allSettled(candidates.map((candidate) => candidate.file.close()));
    throw error;
  }
}

/** Where reading stopped. */
interface Stop extends ScanEnd {
  /** Place in the list of candidates. */
  readonly at: number;
}

async function openCandidates(disk: Disk): Promise<Candidate[]> {
  const found: { name: string; sequence: number }[] = [];
  for (const name of await disk.list()) {
    const sequence = sequenceOfName(name);
    if (sequence !== undefined) found.push({ name, sequence });
  }
  found.sort((a, b) => a.sequence - b.sequence);
  if (found.length === 0) throw new WalCorruptError('(none)', 0, 'there is no segment in the directory');
  const candidates: Candidate[] = [];
  for (const { name, sequence } of found) {
    const file = await disk.open(name);
    candidates.push({ name, sequence, file, ...(await readHeader(name, sequence, file)) });
  }
  if (candidates[0]!.header === undefined) throw new WalCorruptError(candidates[0]!.name, 0, 'the oldest segment has no header');
  for (let at = 1; at < candidates.length; at++) {
    const missing = candidates[at - 1]!.sequence + 1;
    if (candidates[at]!.sequence !== missing) throw new WalCorruptError(candidates[at]!.name, 0, `segment ${missing} before it is missing`);
  }
  return candidates;
}

async function readHeader(name: string, sequence: number, file: DiskFile): Promise<Pick<Candidate, 'fileBytes' | 'header'>> {
  const fileBytes = await file.sizeBytes();
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const read = await file.read(0, Math.min(SEGMENT_HEADER_BYTES, fileBytes));
  read.copy(bytes);
  // A header shorter than its file's end was being written when the file ended there: the segment was never begun.
  if (read.length < SEGMENT_HEADER_BYTES || bytes.every((byte) => byte === 0)) return { fileBytes, header: undefined };
  const header = decodeSegmentHeader(bytes);
  if (typeof header === 'string') throw new WalCorruptError(name, 0, header);
  if (header.sequence !== sequence) throw new WalCorruptError(name, 0, `the header says segment ${header.sequence}`);
  return { fileBytes, header };
}

/** Follows the chain of frames from segment to segment as far as it goes. */
async function replay(candidates: readonly Candidate[], log: RecoveredLog): Promise<Stop> {
  for (let at = 0; ; at++) {
    const candidate = candidates[at]!;
    const header = candidate.header!;
    const window = new SegmentWindow(candidate.file, candidate.fileBytes);
    const end = await scanSegment(candidate.name, window, header, (frame) => log.visit(candidate.sequence, candidate.name, frame));
    const next = candidates[at + 1]?.header;
    const linked = next !== undefined && next.previousCheck === end.check;
    if (linked && end.torn) throw new WalCorruptError(candidate.name, end.offset, 'bytes after the end of the segment');
    if (!linked) return { ...end, at, torn: end.torn || candidates.slice(at + 1).some((later) => later.header !== undefined) };
  }
}

/**
 * What follows a place where the log broke off may only be there because the disk wrote in another order than it was told. A frame that
 * says that the missing bytes had been durable refutes that.
 */
async function refuseIfDurable(candidates: readonly Candidate[], stop: Stop, end: { sequence: number; offset: number }): Promise<void> {
  for (let at = stop.at; at < candidates.length; at++) {
    const { header, file, fileBytes, sequence } = candidates[at]!;
    if (header === undefined) continue;
    const from = at === stop.at ? stop.offset + 8 : SEGMENT_HEADER_BYTES;
    const evidence = await findLaterEvidence(new SegmentWindow(file, fileBytes), header, from, sequence === end.sequence ? end.offset : 0);
    if (evidence === undefined) continue;
    const broken = candidates[stop.at]!.name;
    throw new WalCorruptError(broken, stop.offset, `records are missing that were durable when the one at offset ${evidence} of ${candidates[at]!.name} was written`);
  }
}

/**
 * Removes the segments after the last live one, newest first so that no gap can appear. The next one stays if it is as it was prepared.
 */
async function dropAfter(
  disk: Disk, candidates: readonly Candidate[], lastLive: number, segmentBytes: number,
): Promise<{ truncatedBytes: number; kept: SpareSegment[] }> {
  let truncatedBytes = 0;
  const kept: SpareSegment[] = [];
  for (let at = candidates.length - 1; at > lastLive; at--) {
    const { name, sequence, file, fileBytes } = candidates[at]!;
    const usedBytes = await new SegmentWindow(file, fileBytes).usedEnd(0);
    if (usedBytes === 0 && at === lastLive + 1 && fileBytes === segmentBytes) {
      kept.push({ name, sequence, file });
      continue;
    }
    truncatedBytes += usedBytes;
    await file.close();
    await disk.remove(name);
    await disk.syncDirectory();
  }
  return { truncatedBytes, kept };
}

/** Zeroes what an unfinished write left after `offset`, and gives a file that was cut off its size back. Returns the bytes zeroed. */
async function zeroTail({ file, fileBytes, header }: Candidate, offset: number, unfinished: boolean): Promise<number> {
  const usedEnd = unfinished ? await new SegmentWindow(file, fileBytes).usedEnd(offset) : offset;
  await fillWithZeros(file, offset, usedEnd);
  await fillWithZeros(file, Math.max(fileBytes, offset), header!.sizeBytes);
  return usedEnd - offset;
}

async function liveSegments(disk: Disk, candidates: readonly Candidate[], endOffset: number): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const { name, header, file } of candidates) {
    assert(header !== undefined, 'a live segment has a header');
    await file.sync();
    const segment = new Segment(name, header, file, candidates[candidates.length - 1]!.name === name ? endOffset : header.sizeBytes);
    segment.syncedBytes = segment.writtenBytes;
    segments.push(segment);
  }
  await disk.syncDirectory();
  return segments;
}
