import type { Compare, RequestOp, ResponseOp, TxnRequest, TxnResponse } from '@quorate/api';
import { makeCodec } from './codec';
import { DecodeError } from './decode-error';
import { readHeader, RESPONSE_OVERHEAD_BYTES, sizeMaxOf, writeHeader, ZERO_HEADER } from './header';
import * as kv from './kv-codecs';
import * as table from './kv.table';
import type { Reader } from './reader';
import type { ReverseWriter } from './writer';

/** Transactions, which may nest. Tags are `number << 3 | wire type`. */

function readCompare(reader: Reader): Compare {
  const outer = reader.enter();
  let result = 0;
  let target = 0;
  let key = '';
  let rangeEnd = '';
  let version: number | undefined;
  let createRevision: number | undefined;
  let modRevision: number | undefined;
  let value: Buffer | undefined;
  let lease: bigint | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag >= 0x20 && tag <= 0x40) version = createRevision = modRevision = value = lease = undefined;
    switch (tag) {
      case 0x08: result = reader.enumNumber(); break;
      case 0x10: target = reader.enumNumber(); break;
      case 0x1a: key = reader.key(); break;
      case 0x20: version = reader.int64(); break;
      case 0x28: createRevision = reader.int64(); break;
      case 0x30: modRevision = reader.int64(); break;
      case 0x3a: value = reader.bytes(); break;
      case 0x40: lease = reader.int64Id(); break;
      case 0x202: rangeEnd = reader.key(); break;
      default: reader.other(tag, table.compare);
    }
  }
  reader.leave(outer);
  return { key, rangeEnd, result, target, version, createRevision, modRevision, value, lease };
}

function writeCompare(writer: ReverseWriter, compare: Compare): void {
  writer.keyField(0x202, compare.rangeEnd);
  if (compare.lease !== undefined) {
    writer.int64Id(compare.lease);
    writer.varint(0x40);
  } else if (compare.value !== undefined) writer.bytesEvenIfEmpty(0x3a, compare.value);
  else if (compare.modRevision !== undefined) {
    writer.int64(compare.modRevision);
    writer.varint(0x30);
  } else if (compare.createRevision !== undefined) {
    writer.int64(compare.createRevision);
    writer.varint(0x28);
  } else if (compare.version !== undefined) {
    writer.int64(compare.version);
    writer.varint(0x20);
  }
  writer.keyField(0x1a, compare.key);
  writer.int64Field(0x10, compare.target);
  writer.int64Field(0x08, compare.result);
}

function readRequestOp(reader: Reader): RequestOp {
  const outer = reader.enter();
  let op: RequestOp = { type: 'empty' };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a && tag !== 0x22) {
      reader.other(tag, table.requestOp);
      continue;
    }
    const opOuter = reader.enter();
    if (tag === 0x0a) op = { type: 'range', request: kv.readRangeRequest(reader) };
    else if (tag === 0x12) op = { type: 'put', request: kv.readPutRequest(reader) };
    else if (tag === 0x1a) op = { type: 'deleteRange', request: kv.readDeleteRangeRequest(reader) };
    else op = { type: 'txn', request: readTxnRequest(reader) };
    reader.leave(opOuter);
  }
  reader.leave(outer);
  return op;
}

function writeRequestOp(writer: ReverseWriter, op: RequestOp): void {
  const before = writer.written;
  switch (op.type) {
    case 'range':
      kv.writeRangeRequest(writer, op.request);
      return writer.close(0x0a, before);
    case 'put':
      kv.writePutRequest(writer, op.request);
      return writer.close(0x12, before);
    case 'deleteRange':
      kv.writeDeleteRangeRequest(writer, op.request);
      return writer.close(0x1a, before);
    case 'txn':
      writeTxnRequest(writer, op.request);
      return writer.close(0x22, before);
    case 'empty':
  }
}

function readTxnRequest(reader: Reader): TxnRequest {
  const compare: Compare[] = [];
  const success: RequestOp[] = [];
  const failure: RequestOp[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: compare.push(readCompare(reader)); break;
      case 0x12: success.push(readRequestOp(reader)); break;
      case 0x1a: failure.push(readRequestOp(reader)); break;
      default: reader.other(tag, table.txnRequest);
    }
  }
  return { compare, success, failure };
}

function writeTxnRequest(writer: ReverseWriter, { compare, success, failure }: TxnRequest): void {
  writeEach(writer, 0x1a, failure, writeRequestOp);
  writeEach(writer, 0x12, success, writeRequestOp);
  writeEach(writer, 0x0a, compare, writeCompare);
}

function writeEach<T>(writer: ReverseWriter, tag: number, items: readonly T[], write: (writer: ReverseWriter, item: T) => void): void {
  for (let at = items.length - 1; at >= 0; at--) {
    const before = writer.written;
    write(writer, items[at] as T);
    writer.close(tag, before);
  }
}

function readResponseOp(reader: Reader): ResponseOp {
  const outer = reader.enter();
  let op: ResponseOp | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a && tag !== 0x22) {
      reader.other(tag, table.responseOp);
      continue;
    }
    const opOuter = reader.enter();
    if (tag === 0x0a) op = { type: 'range', response: kv.readRangeResponse(reader) };
    else if (tag === 0x12) op = { type: 'put', response: kv.readPutResponse(reader) };
    else if (tag === 0x1a) op = { type: 'deleteRange', response: kv.readDeleteRangeResponse(reader) };
    else op = { type: 'txn', response: readTxnResponse(reader) };
    reader.leave(opOuter);
  }
  if (op === undefined) throw new DecodeError('proto: ResponseOp: nothing set');
  reader.leave(outer);
  return op;
}

function writeResponseOp(writer: ReverseWriter, op: ResponseOp): void {
  const before = writer.written;
  switch (op.type) {
    case 'range':
      kv.writeRangeResponse(writer, op.response);
      return writer.close(0x0a, before);
    case 'put':
      kv.writePutResponse(writer, op.response);
      return writer.close(0x12, before);
    case 'deleteRange':
      kv.writeDeleteRangeResponse(writer, op.response);
      return writer.close(0x1a, before);
    case 'txn':
      writeTxnResponse(writer, op.response);
      return writer.close(0x22, before);
  }
}

function readTxnResponse(reader: Reader): TxnResponse {
  let header = ZERO_HEADER;
  let succeeded = false;
  const responses: ResponseOp[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x10: succeeded = reader.bool(); break;
      case 0x1a: responses.push(readResponseOp(reader)); break;
      default: reader.other(tag, table.txnResponse);
    }
  }
  return { header, succeeded, responses };
}

function writeTxnResponse(writer: ReverseWriter, { header, succeeded, responses }: TxnResponse): void {
  writeEach(writer, 0x1a, responses, writeResponseOp);
  writer.boolField(0x10, succeeded);
  writeHeader(writer, header);
}

/** Large answers inside a transaction come from its ranges and deletes; nested ones grow the buffer as they come. */
function txnResponseSizeMax(response: TxnResponse): number {
  let size = RESPONSE_OVERHEAD_BYTES;
  for (const op of response.responses) {
    size += RESPONSE_OVERHEAD_BYTES;
    if (op.type === 'range') size += sizeMaxOf(op.response.kvs);
    else if (op.type === 'deleteRange') size += sizeMaxOf(op.response.prevKvs);
  }
  return size;
}

export const TxnRequestCodec = makeCodec<TxnRequest>({ schema: table.txnRequest, read: readTxnRequest, write: writeTxnRequest });
export const TxnResponseCodec = makeCodec<TxnResponse>({
  schema: table.txnResponse, read: readTxnResponse, write: writeTxnResponse, sizeMax: txnResponseSizeMax,
});
