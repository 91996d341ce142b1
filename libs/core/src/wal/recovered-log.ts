import type { Entry, HardState } from '../raft/types';
import { EntryIndex } from './entry-index';
import { WalCorruptError } from './errors';
import { FrameFlag } from './format';
import type { SnapshotMark } from './frame-writer';
import { decodeRecord, type WalRecord } from './record';
import type { Frame } from './segment-scan';

/** A place in the log, after a batch. */
export interface LogEnd {
  readonly sequence: number;
  readonly offset: number;
  readonly check: number;
}

interface Pending {
  readonly sequence: number;
  readonly file: string;
  readonly record: WalRecord;
}

/** What the frames add up to, batch by batch: a batch counts once its last frame was read. */
export class RecoveredLog {
  readonly index = new EntryIndex();
  hardState: HardState = { term: 0, vote: 0n, commit: 0 };
  snapshot: SnapshotMark = { index: 0, term: 0 };
  metadata: Buffer | undefined;
  /** After the last whole batch. */
  end: LogEnd | undefined;
  /** Entries above the snapshot; without gaps. */
  entries: Entry[] = [];
  private pending: Pending[] = [];

  /** Whether frames were read whose batch has not ended. */
  get isMidBatch(): boolean {
    return this.pending.length > 0;
  }

  visit(sequence: number, file: string, frame: Frame): void {
    const record = decodeRecord(file, frame);
    if (frame.flags & FrameFlag.Head) this.head(sequence, file, record, frame);
    else this.pending.push({ sequence, file, record });
    if (!(frame.flags & FrameFlag.BatchEnd)) return;
    for (const item of this.pending) this.apply(item);
    this.pending = [];
    this.end = { sequence, offset: frame.endOffset, check: frame.check };
  }

  /** A head repeats what is known, except in the oldest segment, where it is all that is left of those before it. */
  private head(sequence: number, file: string, record: WalRecord, frame: Frame): void {
    if (record.kind === 'metadata') {
      if (this.metadata !== undefined && !this.metadata.equals(record.metadata)) {
        throw new WalCorruptError(file, frame.offset, 'the metadata differs from the one in older segments');
      }
      this.metadata = record.metadata;
    }
    if (this.end !== undefined && this.end.sequence !== sequence) return;
    this.apply({ sequence, file, record });
    // The hard state closes a head: what comes before it does not make one.
    if (record.kind === 'hardState') this.end = { sequence, offset: frame.endOffset, check: frame.check };
  }

  private apply({ sequence, file, record }: Pending): void {
    switch (record.kind) {
      case 'metadata':
        break;
      case 'hardState':
        this.hardState = record.hardState;
        break;
      case 'snapshot':
        this.applySnapshot(record.snapshot);
        break;
      case 'entry':
        this.applyEntry(sequence, file, record);
        break;
    }
  }

  private applyEntry(sequence: number, file: string, { entry, offset, seed }: WalRecord & { kind: 'entry' }): void {
    const { nextIndex, firstIndex } = this.index;
    if (entry.index > nextIndex && nextIndex > firstIndex) {
      throw new WalCorruptError(file, offset, `entry ${entry.index} follows entry ${nextIndex - 1}`);
    }
    this.index.put(entry.index, entry.term, sequence, offset, seed);
    const last = this.entries[this.entries.length - 1];
    if (last !== undefined && entry.index <= last.index) this.entries.length = Math.max(0, entry.index - this.entries[0]!.index);
    if (entry.index > this.snapshot.index) this.entries.push(entry);
  }

  private applySnapshot(mark: SnapshotMark): void {
    if (mark.index < this.snapshot.index) return;
    this.snapshot = mark;
    this.index.markSnapshot(mark.index, mark.term);
    this.entries = this.index.nextIndex > mark.index + 1 ? this.entries.filter((entry) => entry.index > mark.index) : [];
  }
}
