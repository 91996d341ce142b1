import type { KeyValue, ResponseHeader } from '@quorate/api';
import * as table from './kv.table';
import { EMPTY_BYTES, type Reader } from './reader';
import type { ReverseWriter } from './writer';

/** Parts that every hot message has: the header and key-values. Tags are `number << 3 | wire type`. */

/** Stands in where a message has no header. */
export const ZERO_HEADER: ResponseHeader = { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 };

const NO_IDS = Buffer.alloc(0);
let idsOf: ResponseHeader = ZERO_HEADER;
let idBytes = NO_IDS;

/** A member's ids never change, so their bytes are kept from one header to the next. */
function encodedIds(writer: ReverseWriter, header: ResponseHeader): void {
  const { clusterId, memberId } = header;
  if (clusterId === 0n && memberId === 0n) return;
  if (clusterId === idsOf.clusterId && memberId === idsOf.memberId) return writer.raw(idBytes);
  const before = writer.written;
  writer.idField(0x10, memberId);
  writer.idField(0x08, clusterId);
  idBytes = Buffer.from(writer.since(before));
  idsOf = header;
}

/** Field 1 of a response; left out where there is none. */
export function writeHeader(writer: ReverseWriter, header: ResponseHeader | undefined): void {
  if (header === undefined) return;
  const before = writer.written;
  if (header.raftTerm !== 0) {
    writer.uint64(header.raftTerm);
    writer.varint(0x20);
  }
  writer.int64Field(0x18, header.revision);
  encodedIds(writer, header);
  writer.close(0x0a, before);
}

export function readHeader(reader: Reader): ResponseHeader {
  const outer = reader.enter();
  let clusterId = 0n;
  let memberId = 0n;
  let revision = 0;
  let raftTerm = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08: clusterId = reader.uint64Id(); break;
      case 0x10: memberId = reader.uint64Id(); break;
      case 0x18: revision = reader.int64(); break;
      case 0x20: raftTerm = reader.uint64(); break;
      default: reader.other(tag, table.responseHeader);
    }
  }
  reader.leave(outer);
  return { clusterId, memberId, revision, raftTerm };
}

/** Reads a nested `mvccpb.KeyValue`; `encoded` and `value` are parts of the received bytes. */
export function readKeyValue(reader: Reader): KeyValue {
  const outer = reader.enter();
  const start = reader.position;
  let key = '';
  let createRevision = 0;
  let modRevision = 0;
  let version = 0;
  let value = EMPTY_BYTES;
  let lease = 0n;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: key = reader.key(); break;
      case 0x10: createRevision = reader.int64(); break;
      case 0x18: modRevision = reader.int64(); break;
      case 0x20: version = reader.int64(); break;
      case 0x2a: value = reader.bytes(); break;
      case 0x30: lease = reader.int64Id(); break;
      default: reader.other(tag, table.keyValue);
    }
  }
  const encoded = reader.buffer.subarray(start, reader.end);
  reader.leave(outer);
  return { key, createRevision, modRevision, version, value, lease, encoded };
}

export function writeKeyValue(writer: ReverseWriter, tag: number, keyValue: KeyValue | undefined): void {
  if (keyValue !== undefined) writer.bytesEvenIfEmpty(tag, keyValue.encoded);
}

export function writeKeyValues(writer: ReverseWriter, tag: number, keyValues: readonly KeyValue[]): void {
  for (let at = keyValues.length - 1; at >= 0; at--) writer.bytesEvenIfEmpty(tag, (keyValues[at] as KeyValue).encoded);
}

/** What tag and length of a key-value take at most. */
const KEY_VALUE_OVERHEAD_BYTES = 6;
/** Ids, revision and term, with tags and length, and the response's own scalars. */
export const RESPONSE_OVERHEAD_BYTES = 128;

export function sizeMaxOf(keyValues: readonly KeyValue[]): number {
  let size = 0;
  for (const keyValue of keyValues) size += keyValue.encoded.length + KEY_VALUE_OVERHEAD_BYTES;
  return size;
}

/** The bytes of a `mvccpb.KeyValue`, as `KeyValue.encoded` has to be: fields ascending, zero fields left out. */
export function writeKeyValueFields(writer: ReverseWriter, fields: Omit<KeyValue, 'encoded'>): void {
  writer.idField(0x30, fields.lease);
  writer.bytesField(0x2a, fields.value);
  writer.int64Field(0x20, fields.version);
  writer.int64Field(0x18, fields.modRevision);
  writer.int64Field(0x10, fields.createRevision);
  writer.keyField(0x0a, fields.key);
}
