import type { AlarmMember, ByteString, Member } from '@quorate/api';
import type { LeaseRecord } from '../lease/lease-table';
import type { ConfState } from '../raft/types';
import { ByteReader, ByteWriter, readList, writeList } from './command-bytes';

/**
 * The replicated state that is not versions of keys, as records in the store behind: every bucket, its keys and the bytes
 * of its values. Each value starts with the version of its format. Buckets, keys and formats are never given a second
 * meaning; `meta/formatVersion` goes up with every change that an older member could not read.
 */
export const Bucket = {
  META: 'meta',
  /** By id: what the lease table keeps; the keys of a lease are found again in the versions. */
  LEASES: 'leases',
  /** By type and member: empty values. */
  ALARMS: 'alarms',
  MEMBERS: 'members',
  /** Ids that were members once: empty values. */
  MEMBERS_REMOVED: 'membersRemoved',
  /** Clients' sessions and the answers kept for them. Reserved: nothing writes it yet. */
  SESSIONS: 'sessions',
} as const;

/** Keys of the bucket `meta`. */
export const MetaKey = {
  FORMAT_VERSION: 'formatVersion',
  /** The store's revision: `max(revision)` of the rows would go back after a compaction. */
  REVISION: 'revision',
  /** The last compaction whose entry was applied. There is no other: a batch holds an entry whole, with all that it dropped. */
  COMPACTED: 'compacted',
  CONF_STATE: 'confState',
  CLUSTER_VERSION: 'clusterVersion',
} as const;

export const STATE_FORMAT_VERSION = 1;
const VALUE_VERSION = 1;

/** State of a newer version, or of no version at all. The member does not start with it. */
export class StateFormatError extends Error {
  override readonly name = 'StateFormatError';
}

export function encodeNumber(value: number): Buffer {
  const writer = begin();
  writer.uint64(value);
  return writer.finish();
}

export function decodeNumber(bytes: Buffer): number {
  return read(bytes, (reader) => reader.uint64());
}

export function encodeText(value: string): Buffer {
  const writer = begin();
  writer.text(value);
  return writer.finish();
}

export function decodeText(bytes: Buffer): string {
  return read(bytes, (reader) => reader.text());
}

/** The value of a record whose key says it all. */
export function encodePresence(): Buffer {
  return begin().finish();
}

/** 64-bit ids as keys: eight bytes, big-endian, so that unsigned ids sort. */
export function idKey(id: bigint): ByteString {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, id));
  return bytes.latin1Slice();
}

export function memberIdOfKey(key: ByteString): bigint {
  return keyBytes(key, 8).readBigUInt64BE();
}

export function encodeLease(lease: LeaseRecord): Buffer {
  const writer = begin();
  writer.number(lease.ttlSeconds);
  writer.number(lease.remainingSeconds);
  writer.uint64(lease.renewalEpoch);
  return writer.finish();
}

export function decodeLease(key: ByteString, bytes: Buffer): LeaseRecord {
  const id = keyBytes(key, 8).readBigInt64BE();
  return read(bytes, (reader) => ({ id, ttlSeconds: reader.number(), remainingSeconds: reader.number(), renewalEpoch: reader.uint64() }));
}

export function alarmKey({ alarm, memberId }: AlarmMember): ByteString {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(alarm);
  return bytes.latin1Slice() + idKey(memberId);
}

export function alarmOfKey(key: ByteString): AlarmMember {
  const bytes = keyBytes(key, 12);
  return { alarm: bytes.readInt32BE(), memberId: bytes.readBigUInt64BE(4) };
}

export function encodeMember(member: Member): Buffer {
  const writer = begin();
  writer.text(member.name);
  writeList(writer, member.peerUrls, (into, url) => into.text(url));
  writeList(writer, member.clientUrls, (into, url) => into.text(url));
  writer.uint8(member.isLearner ? 1 : 0);
  return writer.finish();
}

export function decodeMember(key: ByteString, bytes: Buffer): Member {
  const text = (reader: ByteReader): string => reader.text();
  return read(bytes, (reader) => ({
    id: memberIdOfKey(key), name: reader.text(), peerUrls: readList(reader, text), clientUrls: readList(reader, text), isLearner: reader.uint8() === 1,
  }));
}

export function encodeConfState(state: ConfState): Buffer {
  const writer = begin();
  for (const ids of [state.voters, state.learners, state.votersOutgoing, state.learnersNext]) {
    writeList(writer, ids, (into, id) => into.id(id));
  }
  writer.uint8(state.autoLeave ? 1 : 0);
  return writer.finish();
}

export function decodeConfState(bytes: Buffer): ConfState {
  const ids = (reader: ByteReader): bigint[] => readList(reader, (from) => from.unsignedId());
  return read(bytes, (reader) => ({
    voters: ids(reader), learners: ids(reader), votersOutgoing: ids(reader), learnersNext: ids(reader), autoLeave: reader.uint8() === 1,
  }));
}

function begin(): ByteWriter {
  const writer = new ByteWriter();
  writer.uint8(VALUE_VERSION);
  return writer;
}

function read<T>(bytes: Buffer, readValue: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  const version = reader.uint8();
  if (version !== VALUE_VERSION) throw new StateFormatError(`a state record has format version ${version}, known is ${VALUE_VERSION}`);
  const value = readValue(reader);
  reader.end();
  return value;
}

function keyBytes(key: ByteString, length: number): Buffer {
  if (key.length !== length) throw new StateFormatError(`a state record has a key of ${key.length} bytes instead of ${length}`);
  return Buffer.from(key, 'latin1');
}
