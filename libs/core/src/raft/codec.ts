/**
 * Bytes of entries, hard states and messages, for the WAL's payloads and the peers' frames. Every record begins with its version;
 * `testdata/golden-bytes.txt` holds one of each. Integers are varints, ids little-endian u64.
 *
 *   Entry      version=1, u8 type, term, index, data to the end
 *   HardState  version=1, term, u64 vote, commit
 *   Snapshot   version=1, index, term, ConfState
 *   Message    version=1, u8 type, u64 from, u64 to, term, body by type (see `writeBody`)
 */
import { unreachable } from '../base/assert';
import { ByteReader, ByteWriter, DecodeError, varintSize, writeVarint } from './byte-codec';
import { readConfState, writeConfState } from './conf-codec';
import { type Message, MessageType, type ProposedEntry } from './message';
import { type Entry, EntryType, type HardState, type SnapshotMeta } from './types';

const ENTRY_VERSION = 1;
const HARD_STATE_VERSION = 1;
const SNAPSHOT_VERSION = 1;
const MESSAGE_VERSION = 1;

// ---- entries

/** Length of the record that {@link writeEntry} makes. */
export function encodedEntryBytes(entry: Entry): number {
  return 2 + varintSize(entry.term) + varintSize(entry.index) + entry.data.length;
}

/** Writes the record into `target`, which has room for it, at `offset`; returns the offset after it. Allocates nothing. */
export function writeEntry(entry: Entry, target: Buffer, offset: number): number {
  target[offset++] = ENTRY_VERSION;
  target[offset++] = entry.type;
  offset = writeVarint(target, offset, entry.term);
  offset = writeVarint(target, offset, entry.index);
  entry.data.copy(target, offset);
  return offset + entry.data.length;
}

export function encodeEntry(entry: Entry): Buffer {
  const bytes = Buffer.allocUnsafe(encodedEntryBytes(entry));
  writeEntry(entry, bytes, 0);
  return bytes;
}

function entryType(value: number): EntryType {
  if (value > EntryType.ConfChange) throw new DecodeError(`entry has unknown type ${value}`);
  return value as EntryType;
}

/** The data is a view into `bytes`: copy `bytes` before if they are reused. @throws DecodeError */
export function decodeEntry(bytes: Buffer): Entry {
  const reader = new ByteReader(bytes);
  reader.version(ENTRY_VERSION, 'entry');
  const type = entryType(reader.u8());
  return { type, term: reader.varint(), index: reader.varint(), data: reader.rest() };
}

// ---- hard state and snapshot position

export function encodeHardState(state: HardState): Buffer {
  return new ByteWriter(32).u8(HARD_STATE_VERSION).varint(state.term).u64(state.vote).varint(state.commit).finish();
}

/** @throws DecodeError */
export function decodeHardState(bytes: Buffer): HardState {
  const reader = new ByteReader(bytes);
  reader.version(HARD_STATE_VERSION, 'hard state');
  const state = { term: reader.varint(), vote: reader.u64(), commit: reader.varint() };
  reader.end('hard state');
  return state;
}

function writeSnapshotMeta(writer: ByteWriter, snapshot: SnapshotMeta): ByteWriter {
  return writeConfState(writer.u8(SNAPSHOT_VERSION).varint(snapshot.index).varint(snapshot.term), snapshot.confState);
}

function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  reader.version(SNAPSHOT_VERSION, 'snapshot position');
  return { index: reader.varint(), term: reader.varint(), confState: readConfState(reader) };
}

export function encodeSnapshotMeta(snapshot: SnapshotMeta): Buffer {
  return writeSnapshotMeta(new ByteWriter(128), snapshot).finish();
}

/** @throws DecodeError */
export function decodeSnapshotMeta(bytes: Buffer): SnapshotMeta {
  const reader = new ByteReader(bytes);
  const snapshot = readSnapshotMeta(reader);
  reader.end('snapshot position');
  return snapshot;
}

// ---- messages

export function encodeMessage(message: Message): Buffer {
  const writer = new ByteWriter(messageCapacity(message));
  writer.u8(MESSAGE_VERSION).u8(message.type).u64(message.from).u64(message.to).varint(message.term);
  writeBody(writer, message);
  return writer.finish();
}

/** Enough for every message of the kind, so that the writer never grows on the way of entries. */
function messageCapacity(message: Message): number {
  if (message.type !== MessageType.Append && message.type !== MessageType.Propose) return 64;
  let bytes = 64;
  for (const entry of message.entries) bytes += entry.data.length + 24;
  return bytes;
}

function writeBody(writer: ByteWriter, message: Message): void {
  switch (message.type) {
    case MessageType.Propose:
      writer.varint(message.entries.length);
      for (const { type, data } of message.entries) writer.u8(type).bytes(data);
      break;
    case MessageType.Append:
      // Entries follow each other from prevIndex + 1 on: their indexes are not written.
      writer.varint(message.prevIndex).varint(message.prevTerm).varint(message.commit).varint(message.entries.length);
      for (const { type, term, data } of message.entries) writer.u8(type).varint(term).bytes(data);
      break;
    case MessageType.AppendResponse:
      writer.varint(message.index).flag(message.reject).varint(message.hintIndex).varint(message.hintTerm);
      break;
    case MessageType.Vote:
    case MessageType.PreVote:
      writer.varint(message.lastIndex).varint(message.lastTerm).flag(message.transfer).varint(message.commit).varint(message.commitTerm);
      break;
    case MessageType.VoteResponse:
    case MessageType.PreVoteResponse:
      writer.flag(message.reject).varint(message.commit).varint(message.commitTerm);
      break;
    case MessageType.Snapshot:
      writeSnapshotMeta(writer, message.snapshot);
      break;
    case MessageType.Heartbeat:
      writer.varint(message.commit).varint(message.position);
      break;
    case MessageType.HeartbeatResponse:
      writer.varint(message.position);
      break;
    case MessageType.TransferLeader:
      writer.u64(message.target);
      break;
    case MessageType.TimeoutNow:
      break;
    case MessageType.ReadIndex:
      writer.varint(message.batch);
      break;
    case MessageType.ReadIndexResponse:
      writer.varint(message.batch).varint(message.index);
      break;
    default:
      unreachable(message, 'message');
  }
}

/**
 * Decodes a peer's message. Nothing in it refers to `bytes` afterwards: where it carries entries, which outlive the turn in the log, the
 * frame is copied once. @throws DecodeError
 */
export function decodeMessage(bytes: Buffer): Message {
  const carriesEntries = bytes[1] === MessageType.Append || bytes[1] === MessageType.Propose;
  const reader = new ByteReader(carriesEntries ? Buffer.from(bytes) : bytes);
  reader.version(MESSAGE_VERSION, 'message');
  const message = readMessage(reader, reader.u8());
  reader.end('message');
  return message;
}

function readMessage(reader: ByteReader, kind: number): Message {
  const type = kind as MessageType;
  const from = reader.u64();
  const to = reader.u64();
  const term = reader.varint();
  switch (type) {
    case MessageType.Propose:
      return { type, from, to, term, entries: readProposed(reader) };
    case MessageType.Append: {
      const prevIndex = reader.varint();
      const prevTerm = reader.varint();
      const commit = reader.varint();
      return { type, from, to, term, prevIndex, prevTerm, commit, entries: readEntries(reader, prevIndex) };
    }
    case MessageType.AppendResponse:
      return { type, from, to, term, index: reader.varint(), reject: reader.flag(), hintIndex: reader.varint(), hintTerm: reader.varint() };
    case MessageType.Vote:
    case MessageType.PreVote:
      return { type, from, to, term, lastIndex: reader.varint(), lastTerm: reader.varint(), transfer: reader.flag(), ...readCommit(reader) };
    case MessageType.VoteResponse:
    case MessageType.PreVoteResponse:
      return { type, from, to, term, reject: reader.flag(), ...readCommit(reader) };
    case MessageType.Snapshot:
      return { type, from, to, term, snapshot: readSnapshotMeta(reader) };
    case MessageType.Heartbeat:
      return { type, from, to, term, commit: reader.varint(), position: reader.varint() };
    case MessageType.HeartbeatResponse:
      return { type, from, to, term, position: reader.varint() };
    case MessageType.TransferLeader:
      return { type, from, to, term, target: reader.u64() };
    case MessageType.TimeoutNow:
      return { type, from, to, term };
    case MessageType.ReadIndex:
      return { type, from, to, term, batch: reader.varint() };
    case MessageType.ReadIndexResponse:
      return { type, from, to, term, batch: reader.varint(), index: reader.varint() };
    default:
      throw new DecodeError(`message has unknown type ${kind}`);
  }
}

function readCommit(reader: ByteReader): { commit: number; commitTerm: number } {
  return { commit: reader.varint(), commitTerm: reader.varint() };
}

function readProposed(reader: ByteReader): ProposedEntry[] {
  const entries: ProposedEntry[] = [];
  for (let left = reader.varint(); left > 0; left--) entries.push({ type: entryType(reader.u8()), data: reader.bytes() });
  return entries;
}

function readEntries(reader: ByteReader, prevIndex: number): Entry[] {
  const count = reader.varint();
  const entries: Entry[] = [];
  for (let i = 1; i <= count; i++) {
    const type = entryType(reader.u8());
    entries.push({ type, term: reader.varint(), index: prevIndex + i, data: reader.bytes() });
  }
  return entries;
}
