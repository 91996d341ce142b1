import type {
  DeleteRangeRequest, DeleteRangeResponse, KeyValue, PutRequest, PutResponse, RangeRequest, RangeResponse,
} from '@quorate/api';
import { makeCodec } from './codec';
import {
  readHeader, readKeyValue, RESPONSE_OVERHEAD_BYTES, sizeMaxOf, writeHeader, writeKeyValue, writeKeyValues, ZERO_HEADER,
} from './header';
import * as table from './kv.table';
import { EMPTY_BYTES, type Reader } from './reader';
import type { ReverseWriter } from './writer';

/** Range, put and delete, written out by hand: they are most of what a server does. Tags are `number << 3 | wire type`. */

export function readRangeRequest(reader: Reader): RangeRequest {
  let key = '';
  let rangeEnd = '';
  let limit = 0;
  let revision = 0;
  let sortOrder = 0;
  let sortTarget = 0;
  let serializable = false;
  let keysOnly = false;
  let countOnly = false;
  let minModRevision = 0;
  let maxModRevision = 0;
  let minCreateRevision = 0;
  let maxCreateRevision = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: key = reader.key(); break;
      case 0x12: rangeEnd = reader.key(); break;
      case 0x18: limit = reader.int64(); break;
      case 0x20: revision = reader.int64(); break;
      case 0x28: sortOrder = reader.enumNumber(); break;
      case 0x30: sortTarget = reader.enumNumber(); break;
      case 0x38: serializable = reader.bool(); break;
      case 0x40: keysOnly = reader.bool(); break;
      case 0x48: countOnly = reader.bool(); break;
      case 0x50: minModRevision = reader.int64(); break;
      case 0x58: maxModRevision = reader.int64(); break;
      case 0x60: minCreateRevision = reader.int64(); break;
      case 0x68: maxCreateRevision = reader.int64(); break;
      default: reader.other(tag, table.rangeRequest);
    }
  }
  return {
    key, rangeEnd, limit, revision, sortOrder, sortTarget, serializable, keysOnly, countOnly,
    minModRevision, maxModRevision, minCreateRevision, maxCreateRevision,
  };
}

export function writeRangeRequest(writer: ReverseWriter, request: RangeRequest): void {
  writer.int64Field(0x68, request.maxCreateRevision);
  writer.int64Field(0x60, request.minCreateRevision);
  writer.int64Field(0x58, request.maxModRevision);
  writer.int64Field(0x50, request.minModRevision);
  writer.boolField(0x48, request.countOnly);
  writer.boolField(0x40, request.keysOnly);
  writer.boolField(0x38, request.serializable);
  writer.int64Field(0x30, request.sortTarget);
  writer.int64Field(0x28, request.sortOrder);
  writer.int64Field(0x20, request.revision);
  writer.int64Field(0x18, request.limit);
  writer.keyField(0x12, request.rangeEnd);
  writer.keyField(0x0a, request.key);
}

export function readRangeResponse(reader: Reader): RangeResponse {
  let header = ZERO_HEADER;
  const kvs: KeyValue[] = [];
  let more = false;
  let count = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x12: kvs.push(readKeyValue(reader)); break;
      case 0x18: more = reader.bool(); break;
      case 0x20: count = reader.int64(); break;
      default: reader.other(tag, table.rangeResponse);
    }
  }
  return { header, kvs, more, count };
}

export function writeRangeResponse(writer: ReverseWriter, response: RangeResponse): void {
  writer.int64Field(0x20, response.count);
  writer.boolField(0x18, response.more);
  writeKeyValues(writer, 0x12, response.kvs);
  writeHeader(writer, response.header);
}

export function readPutRequest(reader: Reader): PutRequest {
  let key = '';
  let value = EMPTY_BYTES;
  let lease = 0n;
  let prevKv = false;
  let ignoreValue = false;
  let ignoreLease = false;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: key = reader.key(); break;
      case 0x12: value = reader.bytes(); break;
      case 0x18: lease = reader.int64Id(); break;
      case 0x20: prevKv = reader.bool(); break;
      case 0x28: ignoreValue = reader.bool(); break;
      case 0x30: ignoreLease = reader.bool(); break;
      default: reader.other(tag, table.putRequest);
    }
  }
  return { key, value, lease, prevKv, ignoreValue, ignoreLease };
}

export function writePutRequest(writer: ReverseWriter, request: PutRequest): void {
  writer.boolField(0x30, request.ignoreLease);
  writer.boolField(0x28, request.ignoreValue);
  writer.boolField(0x20, request.prevKv);
  writer.idField(0x18, request.lease);
  writer.bytesField(0x12, request.value);
  writer.keyField(0x0a, request.key);
}

export function readPutResponse(reader: Reader): PutResponse {
  let header = ZERO_HEADER;
  let prevKv: KeyValue | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x12: prevKv = readKeyValue(reader); break;
      default: reader.other(tag, table.putResponse);
    }
  }
  return { header, prevKv };
}

export function writePutResponse(writer: ReverseWriter, response: PutResponse): void {
  writeKeyValue(writer, 0x12, response.prevKv);
  writeHeader(writer, response.header);
}

export function readDeleteRangeRequest(reader: Reader): DeleteRangeRequest {
  let key = '';
  let rangeEnd = '';
  let prevKv = false;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: key = reader.key(); break;
      case 0x12: rangeEnd = reader.key(); break;
      case 0x18: prevKv = reader.bool(); break;
      default: reader.other(tag, table.deleteRangeRequest);
    }
  }
  return { key, rangeEnd, prevKv };
}

export function writeDeleteRangeRequest(writer: ReverseWriter, request: DeleteRangeRequest): void {
  writer.boolField(0x18, request.prevKv);
  writer.keyField(0x12, request.rangeEnd);
  writer.keyField(0x0a, request.key);
}

export function readDeleteRangeResponse(reader: Reader): DeleteRangeResponse {
  let header = ZERO_HEADER;
  let deleted = 0;
  const prevKvs: KeyValue[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x10: deleted = reader.int64(); break;
      case 0x1a: prevKvs.push(readKeyValue(reader)); break;
      default: reader.other(tag, table.deleteRangeResponse);
    }
  }
  return { header, deleted, prevKvs };
}

export function writeDeleteRangeResponse(writer: ReverseWriter, response: DeleteRangeResponse): void {
  writeKeyValues(writer, 0x1a, response.prevKvs);
  writer.int64Field(0x10, response.deleted);
  writeHeader(writer, response.header);
}

export const RangeRequestCodec = makeCodec<RangeRequest>({ schema: table.rangeRequest, read: readRangeRequest, write: writeRangeRequest });
export const RangeResponseCodec = makeCodec<RangeResponse>({
  schema: table.rangeResponse, read: readRangeResponse, write: writeRangeResponse,
  sizeMax: (response) => RESPONSE_OVERHEAD_BYTES + sizeMaxOf(response.kvs),
});
export const PutRequestCodec = makeCodec<PutRequest>({ schema: table.putRequest, read: readPutRequest, write: writePutRequest });
export const PutResponseCodec = makeCodec<PutResponse>({ schema: table.putResponse, read: readPutResponse, write: writePutResponse });
export const DeleteRangeRequestCodec = makeCodec<DeleteRangeRequest>({
  schema: table.deleteRangeRequest, read: readDeleteRangeRequest, write: writeDeleteRangeRequest,
});
export const DeleteRangeResponseCodec = makeCodec<DeleteRangeResponse>({
  schema: table.deleteRangeResponse, read: readDeleteRangeResponse, write: writeDeleteRangeResponse,
  sizeMax: (response) => RESPONSE_OVERHEAD_BYTES + sizeMaxOf(response.prevKvs),
});
