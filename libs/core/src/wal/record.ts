import { type Entry, EntryType, type HardState } from '../raft/types';
import { WalCorruptError } from './errors';
import { ENTRY_HEAD_BYTES, HARD_STATE_BYTES, readSafeInteger, RecordType, SNAPSHOT_BYTES } from './format';
import type { SnapshotMark } from './frame-writer';
import type { Frame } from './segment-scan';

/** What a frame says. */
export type WalRecord =
  | { readonly kind: 'metadata'; readonly metadata: Buffer }
  | { readonly kind: 'entry'; readonly entry: Entry; readonly offset: number; readonly seed: number }
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  | { readonly kind: 'snapshot'; readonly snapshot: SnapshotMark };

const ENTRY_TYPES: ReadonlySet<number> = new Set(Object.values(EntryType));

/** @throws WalCorruptError if the frame, whose checksum is right, means nothing to this release */
export function decodeRecord(file: string, frame: Pick<Frame, 'type' | 'body' | 'offset' | 'seed'>): WalRecord {
  const { body } = frame;
  switch (frame.type) {
    case RecordType.Metadata:
      return { kind: 'metadata', metadata: Buffer.from(body) };
    case RecordType.Entry:
      if (body.length < ENTRY_HEAD_BYTES) break;
      return { kind: 'entry', entry: decodeEntry(file, frame), offset: frame.offset, seed: frame.seed };
    case RecordType.HardState:
      if (body.length !== HARD_STATE_BYTES) break;
      return {
        kind: 'hardState',
        hardState: { term: readSafeInteger(body, 0), vote: body.readBigUInt64LE(8), commit: readSafeInteger(body, 16) },
      };
    case RecordType.Snapshot:
      if (body.length !== SNAPSHOT_BYTES) break;
      return { kind: 'snapshot', snapshot: { index: readSafeInteger(body, 0), term: readSafeInteger(body, 8) } };
    default:
      throw new WalCorruptError(file, frame.offset, `record type ${frame.type as number} is not known to this release`);
  }
  throw new WalCorruptError(file, frame.offset, 'a record has the wrong length for its type');
}

/** The entry in a frame's body; its data is a view. */
export function decodeEntry(file: string, frame: Pick<Frame, 'body' | 'offset'>): Entry {
  const { body } = frame;
  const type = body.readUInt32LE(16);
  if (!ENTRY_TYPES.has(type)) throw new WalCorruptError(file, frame.offset, `entry type ${type} is not known to this release`);
  return { index: readSafeInteger(body, 0), term: readSafeInteger(body, 8), type: type as EntryType, data: body.subarray(ENTRY_HEAD_BYTES) };
}
