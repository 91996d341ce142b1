import type { Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from '@quorate/api';
import { unreachable } from '../base/assert';
import { type ByteReader, type ByteWriter, CommandFormatError, readList, UnknownCommandError, writeList } from './command-bytes';

/**
 * The bytes of transactions and of the requests inside them. A request is a set of flags (which fields follow, and the
 * booleans), the key, and the fields in the order of their flags; a field that is zero or empty is left out.
 */

const OpType = { RANGE: 0, PUT: 1, DELETE_RANGE: 2, TXN: 3, EMPTY: 4 } as const;
const RangeFlag = {
  RANGE_END: 1, LIMIT: 2, REVISION: 4, SORT_ORDER: 8, SORT_TARGET: 16, SERIALIZABLE: 32, KEYS_ONLY: 64, COUNT_ONLY: 128,
  MIN_MOD: 256, MAX_MOD: 512, MIN_CREATE: 1024, MAX_CREATE: 2048,
} as const;
const PutFlag = { LEASE: 1, PREV_KV: 2, IGNORE_VALUE: 4, IGNORE_LEASE: 8 } as const;
const DeleteFlag = { RANGE_END: 1, PREV_KV: 2 } as const;
const CompareFlag = { RANGE_END: 1, VERSION: 2, CREATE: 4, MOD: 8, VALUE: 16, LEASE: 32 } as const;
/** Deeper nesting than any door lets through; keeps crafted bytes from exhausting the stack. */
const NESTING_MAX = 1000;

export function writeTxn(writer: ByteWriter, request: TxnRequest): void {
  writeList(writer, request.compare, writeCompare);
  writeList(writer, request.success, writeOp);
  writeList(writer, request.failure, writeOp);
}

export function readTxn(reader: ByteReader, depth = 0): TxnRequest {
  if (depth > NESTING_MAX) throw new CommandFormatError('a transaction is nested too deeply');
  const readOpHere = (from: ByteReader): RequestOp => readOp(from, depth);
  return { compare: readList(reader, readCompare), success: readList(reader, readOpHere), failure: readList(reader, readOpHere) };
}

function writeOp(writer: ByteWriter, op: RequestOp): void {
  switch (op.type) {
    case 'range':
      writer.uint8(OpType.RANGE);
      return writeRange(writer, op.request);
    case 'put':
      writer.uint8(OpType.PUT);
      return writePut(writer, op.request);
    case 'deleteRange':
      writer.uint8(OpType.DELETE_RANGE);
      return writeDeleteRange(writer, op.request);
    case 'txn':
      writer.uint8(OpType.TXN);
      return writeTxn(writer, op.request);
    case 'empty': return writer.uint8(OpType.EMPTY);
    default: return unreachable(op, 'operation');
  }
}

function readOp(reader: ByteReader, depth: number): RequestOp {
  const type = reader.uint8();
  switch (type) {
    case OpType.RANGE: return { type: 'range', request: readRange(reader) };
    case OpType.PUT: return { type: 'put', request: readPut(reader) };
    case OpType.DELETE_RANGE: return { type: 'deleteRange', request: readDeleteRange(reader) };
    case OpType.TXN: return { type: 'txn', request: readTxn(reader, depth + 1) };
    case OpType.EMPTY: return { type: 'empty' };
    default: throw new UnknownCommandError(`the transaction has the unknown operation ${type}`);
  }
}

function writeRange(writer: ByteWriter, request: RangeRequest): void {
  const rangeEnd = request.rangeEnd ?? '';
  const limit = request.limit ?? 0;
  const revision = request.revision ?? 0;
  const sortOrder = request.sortOrder ?? 0;
  const sortTarget = request.sortTarget ?? 0;
  const bounds = [request.minModRevision ?? 0, request.maxModRevision ?? 0, request.minCreateRevision ?? 0, request.maxCreateRevision ?? 0];
  let flags = (rangeEnd === '' ? 0 : RangeFlag.RANGE_END) | (limit === 0 ? 0 : RangeFlag.LIMIT) | (revision === 0 ? 0 : RangeFlag.REVISION)
    | (sortOrder === 0 ? 0 : RangeFlag.SORT_ORDER) | (sortTarget === 0 ? 0 : RangeFlag.SORT_TARGET)
    | (request.serializable ? RangeFlag.SERIALIZABLE : 0) | (request.keysOnly ? RangeFlag.KEYS_ONLY : 0) | (request.countOnly ? RangeFlag.COUNT_ONLY : 0);
  bounds.forEach((bound, at) => { if (bound !== 0) flags |= RangeFlag.MIN_MOD << at; });
  writer.uint16(flags);
  writer.byteString(request.key);
  if (rangeEnd !== '') writer.byteString(rangeEnd);
  if (limit !== 0) writer.number(limit);
  if (revision !== 0) writer.number(revision);
  if (sortOrder !== 0) writer.int32(sortOrder);
  if (sortTarget !== 0) writer.int32(sortTarget);
  for (const bound of bounds) if (bound !== 0) writer.number(bound);
}

function readRange(reader: ByteReader): RangeRequest {
  const flags = knownFlags(reader.uint16(), 4095);
  return {
    key: reader.byteString(),
    rangeEnd: (flags & RangeFlag.RANGE_END) === 0 ? '' : reader.byteString(),
    limit: (flags & RangeFlag.LIMIT) === 0 ? 0 : reader.number(),
    revision: (flags & RangeFlag.REVISION) === 0 ? 0 : reader.number(),
    sortOrder: (flags & RangeFlag.SORT_ORDER) === 0 ? 0 : reader.int32(),
    sortTarget: (flags & RangeFlag.SORT_TARGET) === 0 ? 0 : reader.int32(),
    serializable: (flags & RangeFlag.SERIALIZABLE) !== 0,
    keysOnly: (flags & RangeFlag.KEYS_ONLY) !== 0,
    countOnly: (flags & RangeFlag.COUNT_ONLY) !== 0,
    minModRevision: (flags & RangeFlag.MIN_MOD) === 0 ? 0 : reader.number(),
    maxModRevision: (flags & RangeFlag.MAX_MOD) === 0 ? 0 : reader.number(),
    minCreateRevision: (flags & RangeFlag.MIN_CREATE) === 0 ? 0 : reader.number(),
    maxCreateRevision: (flags & RangeFlag.MAX_CREATE) === 0 ? 0 : reader.number(),
  };
}

function writePut(writer: ByteWriter, request: PutRequest): void {
  const lease = request.lease ?? 0n;
  writer.uint8((lease === 0n ? 0 : PutFlag.LEASE) | (request.prevKv ? PutFlag.PREV_KV : 0)
    | (request.ignoreValue ? PutFlag.IGNORE_VALUE : 0) | (request.ignoreLease ? PutFlag.IGNORE_LEASE : 0));
  writer.byteString(request.key);
  if (lease !== 0n) writer.id(lease);
  writer.buffer(request.value);
}

function readPut(reader: ByteReader): PutRequest {
  const flags = knownFlags(reader.uint8(), 15);
  return {
    key: reader.byteString(),
    lease: (flags & PutFlag.LEASE) === 0 ? 0n : reader.signedId(),
    value: reader.buffer(),
    prevKv: (flags & PutFlag.PREV_KV) !== 0,
    ignoreValue: (flags & PutFlag.IGNORE_VALUE) !== 0,
    ignoreLease: (flags & PutFlag.IGNORE_LEASE) !== 0,
  };
}

export function writeDeleteRange(writer: ByteWriter, request: DeleteRangeRequest): void {
  const rangeEnd = request.rangeEnd ?? '';
  writer.uint8((rangeEnd === '' ? 0 : DeleteFlag.RANGE_END) | (request.prevKv ? DeleteFlag.PREV_KV : 0));
  writer.byteString(request.key);
  if (rangeEnd !== '') writer.byteString(rangeEnd);
}

export function readDeleteRange(reader: ByteReader): DeleteRangeRequest {
  const flags = knownFlags(reader.uint8(), 3);
  return {
    key: reader.byteString(),
    rangeEnd: (flags & DeleteFlag.RANGE_END) === 0 ? '' : reader.byteString(),
    prevKv: (flags & DeleteFlag.PREV_KV) !== 0,
  };
}

function writeCompare(writer: ByteWriter, compare: Compare): void {
  const rangeEnd = compare.rangeEnd ?? '';
  const numbers = [compare.version ?? 0, compare.createRevision ?? 0, compare.modRevision ?? 0];
  const value = compare.value ?? Buffer.alloc(0);
  const lease = compare.lease ?? 0n;
  let flags = (rangeEnd === '' ? 0 : CompareFlag.RANGE_END) | (value.length === 0 ? 0 : CompareFlag.VALUE) | (lease === 0n ? 0 : CompareFlag.LEASE);
  numbers.forEach((number, at) => { if (number !== 0) flags |= CompareFlag.VERSION << at; });
  writer.uint8(flags);
  writer.int32(compare.result);
  writer.int32(compare.target);
  writer.byteString(compare.key);
  if (rangeEnd !== '') writer.byteString(rangeEnd);
  for (const number of numbers) if (number !== 0) writer.number(number);
  if (value.length !== 0) writer.buffer(value);
  if (lease !== 0n) writer.id(lease);
}

function readCompare(reader: ByteReader): Compare {
  const flags = knownFlags(reader.uint8(), 63);
  return {
    result: reader.int32(),
    target: reader.int32(),
    key: reader.byteString(),
    rangeEnd: (flags & CompareFlag.RANGE_END) === 0 ? '' : reader.byteString(),
    version: (flags & CompareFlag.VERSION) === 0 ? 0 : reader.number(),
    createRevision: (flags & CompareFlag.CREATE) === 0 ? 0 : reader.number(),
    modRevision: (flags & CompareFlag.MOD) === 0 ? 0 : reader.number(),
    value: (flags & CompareFlag.VALUE) === 0 ? Buffer.alloc(0) : reader.buffer(),
    lease: (flags & CompareFlag.LEASE) === 0 ? 0n : reader.signedId(),
  };
}

function knownFlags(flags: number, known: number): number {
  if ((flags & ~known) !== 0) throw new UnknownCommandError(`a request has the unknown flags ${flags}`);
  return flags;
}
