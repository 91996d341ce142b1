/**
 * The part of the log that is kept in memory: everything after `offset`. What is older was applied and lies only in the WAL files.
 *
 *     offset     applied <= applying <= committed            lastIndex
 *   ----|-----------|----------|------------|---------------------|
 *             stable: durable here     handed: given to the disk
 *
 * Only entries that are both committed and stable are handed out for application, so the state machine never runs ahead of this member's disk.
 */
import { assert, violated } from '../base/assert';
import { type Entry, EntryType } from './types';

/** What an entry costs beside its data, in messages and in memory (position, type, frame). */
export const ENTRY_OVERHEAD_BYTES = 24;

export function entryBytes(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES;
}

export const NO_ENTRIES: readonly Entry[] = Object.freeze([]);

export class RaftLog {
  private entries: Entry[];
  /** The last entry that is no longer in memory, and its term. */
  offset: number;
  offsetTerm: number;
  lastIndex: number;
  lastTerm: number;
  /** Last index that is durable on this member's disk. */
  stable: number;
  /** Last index that was handed to the disk. */
  handed: number;
  committed: number;
  /** Last index that was handed out for application. */
  applying: number;
  applied: number;
  /** Bytes of the entries in memory, overhead included. */
  memoryBytes = 0;
  /** Bytes handed out for application and not yet reported as applied. */
  applyingBytes = 0;
  /** How often entries were overwritten; the invariants watch it. */
  truncations = 0;
  /** Conf changes that were not handed to the disk yet. */
  private unhandedConfChanges = 0;
  /** Handed-out snapshot that is not yet stored and applied: nothing is applied on top of it before. */
  private pendingSnapshot = 0;

  constructor(start: { readonly index: number; readonly term: number }, entries: readonly Entry[], committed: number, applied: number) {
    this.entries = entries.slice();
    this.offset = start.index;
    this.offsetTerm = start.term;
    this.lastIndex = start.index + entries.length;
    this.lastTerm = entries.length === 0 ? start.term : entries[entries.length - 1]!.term;
    this.stable = this.lastIndex;
    this.handed = this.lastIndex;
    this.committed = committed;
    this.applying = applied;
    this.applied = applied;
    this.checkInitial();
  }

  private checkInitial(): void {
    let index = this.offset;
    let term = this.offsetTerm;
    for (const entry of this.entries) {
      if (entry.index !== ++index) violated(`gap in the log: entry ${entry.index} stands where ${index} belongs`);
      if (entry.term < term) violated(`term ${entry.term} at index ${entry.index} is below its predecessor's ${term}`);
      term = entry.term;
      this.memoryBytes += entryBytes(entry);
    }
    if (this.applied < this.offset) violated(`applied index ${this.applied} is below the start of the log ${this.offset}`);
    if (this.applied > this.lastIndex) violated(`applied index ${this.applied} is beyond the last entry of the log ${this.lastIndex}`);
    if (this.committed < this.applied) violated(`commit index ${this.committed} is below the applied index ${this.applied}`);
    if (this.committed > this.lastIndex) violated(`commit index ${this.committed} is beyond the last entry of the log ${this.lastIndex}`);
  }

  /** The term at `index`, or 0 where it is not known (not in memory, or beyond the end). */
  term(index: number): number {
    if (index === this.lastIndex) return this.lastTerm;
    if (index > this.lastIndex || index < this.offset) return 0;
    return index === this.offset ? this.offsetTerm : this.entries[index - this.offset - 1]!.term;
  }

  matches(index: number, term: number): boolean {
    return index >= this.offset && index <= this.lastIndex && this.term(index) === term;
  }

  entry(index: number): Entry {
    assert(index > this.offset && index <= this.lastIndex, 'entry is not in memory');
    return this.entries[index - this.offset - 1]!;
  }

  /** Whether a log that ends at (term, index) holds at least what this one holds (Raft paper, 5.4.1). */
  isUpToDate(term: number, index: number): boolean {
    return term > this.lastTerm || (term === this.lastTerm && index >= this.lastIndex);
  }

  /** Adds one entry at the end. */
  push(entry: Entry): void {
    this.entries.push(entry);
    this.lastIndex = entry.index;
    this.lastTerm = entry.term;
    this.memoryBytes += entryBytes(entry);
    if (entry.type === EntryType.ConfChange) this.unhandedConfChanges++;
  }

  /** Drops everything from `index` on; committed entries are never dropped. */
  truncateFrom(index: number): void {
    if (index <= this.committed) violated(`entry ${index} would be overwritten, though ${this.committed} is committed`);
    for (let i = index; i <= this.lastIndex; i++) {
      const entry = this.entry(i);
      this.memoryBytes -= entryBytes(entry);
      if (i > this.handed && entry.type === EntryType.ConfChange) this.unhandedConfChanges--;
    }
    this.entries.length = index - this.offset - 1;
    this.lastIndex = index - 1;
    this.lastTerm = this.entries.length === 0 ? this.offsetTerm : this.entries[this.entries.length - 1]!.term;
    this.stable = Math.min(this.stable, this.lastIndex);
    this.handed = Math.min(this.handed, this.lastIndex);
    this.truncations++;
  }

  /** The first of `entries` that this log lacks or has with another term, as an offset into `entries`; their count when it has them all. */
  firstConflict(entries: readonly Entry[]): number {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (!this.matches(entry.index, entry.term)) return i;
    }
    return entries.length;
  }

  /**
   * The greatest index at or below `index` whose term is not above `term`: the other log, which has `term` at `index`, cannot agree with
   * this one above it. Where the memory ends, so does the knowledge: the index there is returned.
   */
  findConflictByTerm(index: number, term: number): number {
    for (let i = Math.min(index, this.lastIndex); i > 0; i--) {
      if (i <= this.offset || this.term(i) <= term) return i;
    }
    return 0;
  }

  /** Moves the commit index forward; true when it moved. */
  commitTo(index: number): boolean {
    if (index <= this.committed) return false;
    if (index > this.lastIndex) {
      violated(`commit index ${index} is beyond the last entry ${this.lastIndex}: this member has lost entries that it had acknowledged`);
    }
    this.committed = index;
    return true;
  }

  /** Entries from `from` on, at most `maxBytes` of them (overhead included) but at least one. */
  slice(from: number, through: number, maxBytes: number): readonly Entry[] {
    if (from > through) return NO_ENTRIES;
    const first = from - this.offset - 1;
    assert(first >= 0, 'entries are not in memory');
    const end = through - this.offset;
    let last = first;
    let bytes = entryBytes(this.entries[first]!);
    while (++last < end) {
      bytes += entryBytes(this.entries[last]!);
      if (bytes > maxBytes) break;
    }
    return this.entries.slice(first, last);
  }

  /**
   * Entries that the disk has not been given yet, marked as given: all of them, but at most one conf change, which begins them or is preceded by
   * ordinary entries only. A second one waits for the next job, whose commit hint lies at or above the first: whoever has a conf change
   * on disk then knows after a restart that the one before it is committed, and never counts votes of a membership that is two changes old.
   */
  takeUnhanded(): readonly Entry[] {
    if (this.handed === this.lastIndex) return NO_ENTRIES;
    let end = this.lastIndex;
    if (this.unhandedConfChanges > 1) {
      end = this.nextConfChange(this.nextConfChange(this.handed + 1) + 1) - 1;
    }
    if (this.unhandedConfChanges > 0) this.unhandedConfChanges--;
    const entries = this.entries.slice(this.handed - this.offset, end - this.offset);
    this.handed = end;
    return entries;
  }

  private nextConfChange(from: number): number {
    let index = from;
    while (this.entry(index).type !== EntryType.ConfChange) index++;
    return index;
  }

  /** How many jobs {@link takeUnhanded} will make of what is there now (at least one). */
  get unhandedJobs(): number {
    return Math.max(1, this.unhandedConfChanges);
  }

  hasApplicable(maxApplyingBytes: number): boolean {
    return this.applying < this.committed && this.applying < this.stable && this.pendingSnapshot === 0 && this.applyingBytes < maxApplyingBytes;
  }

  /** The next entries to apply, bounded by bytes; marks them as handed out. */
  takeApplicable(maxBytes: number, maxApplyingBytes: number): readonly Entry[] {
    if (!this.hasApplicable(maxApplyingBytes)) return NO_ENTRIES;
    const entries = this.slice(this.applying + 1, Math.min(this.committed, this.stable), maxBytes);
    for (let i = 0; i < entries.length; i++) this.applyingBytes += entryBytes(entries[i]!);
    this.applying += entries.length;
    return entries;
  }

  appliedTo(index: number): void {
    if (index < this.applied || index > this.applying) {
      violated(`applied index ${index} reported, but ${this.applied} was applied and ${this.applying} handed out`);
    }
    for (let i = this.applied + 1; i <= index; i++) if (i > this.offset) this.applyingBytes -= entryBytes(this.entry(i));
    this.applied = index;
    if (index >= this.pendingSnapshot) this.pendingSnapshot = 0;
  }

  /** Whether a conf change was committed that the state machine has not applied yet. */
  hasUnappliedConfChange(): boolean {
    for (let i = this.applied + 1; i <= this.committed; i++) {
      if (i > this.offset && this.entry(i).type === EntryType.ConfChange) return true;
    }
    return false;
  }

  /** Payload bytes that are not committed. */
  uncommittedBytes(): number {
    let bytes = 0;
    for (let i = this.committed + 1; i <= this.lastIndex; i++) bytes += this.entry(i).data.length;
    return bytes;
  }

  /** Forgets the entries through `index`, which must be applied. */
  compact(index: number): void {
    if (index <= this.offset) return;
    if (index > this.applied) violated(`log compacted through ${index}, but only ${this.applied} is applied`);
    const term = this.term(index);
    for (let i = this.offset + 1; i <= index; i++) this.memoryBytes -= entryBytes(this.entry(i));
    this.entries = this.entries.slice(index - this.offset);
    this.offset = index;
    this.offsetTerm = term;
  }

  /** Replaces everything by a snapshot that ends at (term, index). It counts as stored and applied only when reported so. */
  restore(index: number, term: number): void {
    if (index <= this.committed) violated(`snapshot at ${index} is not ahead of the commit index ${this.committed}`);
    this.entries = [];
    this.offset = index;
    this.offsetTerm = term;
    this.lastIndex = index;
    this.lastTerm = term;
    this.committed = index;
    this.handed = index;
    this.stable = Math.min(this.stable, index - 1);
    this.applying = index;
    this.applyingBytes = 0;
    this.memoryBytes = 0;
    this.unhandedConfChanges = 0;
    this.pendingSnapshot = index;
    this.truncations++;
  }

  get snapshotPending(): boolean {
    return this.pendingSnapshot > 0;
  }
}
