import type { PutRequest } from '@quorate/api';
import { unreachable } from '../base/assert';
import {
  type Command, COMMAND_FORMAT_VERSION, type CommandBody, CommandType, type CommandUser, type LeaseRemaining,
  type LeaseSighting,
} from './command';
import {
  ByteReader, ByteWriter, CommandFormatError, readList, readUint64, UnknownCommandError, writeList, writeUint64,
} from './command-bytes';
import { readDeleteRange, readTxn, writeDeleteRange, writeTxn } from './txn-bytes';

const HEADER_BYTES = 12;
const HeaderFlag = { SESSION: 1, USER: 2 } as const;
const PutFlag = { PREV_KV: 1, IGNORE_VALUE: 2, IGNORE_LEASE: 4, LEASE: 8 } as const;

/** The proposer's number of the command in an entry; 0 where nobody waits for it. Cheap: reads only the header. */
export function proposalIdOf(data: Buffer): number {
  return data.length < HEADER_BYTES ? 0 : readUint64(data, 4);
}

/** The bytes for the log, in an allocation of their own: nothing of the request is shared. */
export function encodeCommand(command: Command): Buffer {
  if (command.type === 'put' && command.session === undefined && command.user === undefined) {
    return encodePut(command.proposalId, command.request);
  }
  const writer = new ByteWriter();
  const headerFlags = (command.session === undefined ? 0 : HeaderFlag.SESSION) | (command.user === undefined ? 0 : HeaderFlag.USER);
  writer.uint8(COMMAND_FORMAT_VERSION);
  writer.uint8(typeNumberOf(command));
  writer.uint8(headerFlags);
  writer.uint8(command.type === 'put' ? putFlagsOf(command.request) : 0);
  writer.uint64(command.proposalId);
  if (command.session !== undefined) {
    writer.uint64(command.session.id);
    writer.uint64(command.session.number);
    writer.uint64(command.session.lowestUnanswered);
  }
  if (command.user !== undefined) {
    writer.uint64(command.user.authRevision);
    writer.text(command.user.name);
  }
  writeBody(writer, command);
  return writer.finish();
}

/**
 * The command in an entry. Values share memory with `data`.
 * @throws UnknownCommandError for a newer format, type or flag, CommandFormatError for bytes that make no sense.
 */
export function decodeCommand(data: Buffer): Command {
  if (data.length === 0) return { type: 'noop', proposalId: 0 };
  if (data[0] !== COMMAND_FORMAT_VERSION) throw new UnknownCommandError(`the command has format version ${data[0]}, known is ${COMMAND_FORMAT_VERSION}`);
  if (data.length < HEADER_BYTES) throw new CommandFormatError('the bytes end inside the header');
  const typeNumber = data[1] as number;
  const headerFlags = data[2] as number;
  const flags = data[3] as number;
  const proposalId = readUint64(data, 4);
  if (typeNumber === CommandType.PUT && headerFlags === 0) {
    return { type: 'put', proposalId, request: readPut(data, HEADER_BYTES, flags) };
  }
  if ((headerFlags & ~(HeaderFlag.SESSION | HeaderFlag.USER)) !== 0) throw new UnknownCommandError(`the command has the unknown header flags ${headerFlags}`);
  return decodeWithReader(new ByteReader(data, HEADER_BYTES), typeNumber, headerFlags, flags, proposalId);
}

function decodeWithReader(reader: ByteReader, typeNumber: number, headerFlags: number, flags: number, proposalId: number): Command {
  const session = (headerFlags & HeaderFlag.SESSION) === 0 ? undefined : { id: reader.uint64(), number: reader.uint64(), lowestUnanswered: reader.uint64() };
  const user = (headerFlags & HeaderFlag.USER) === 0 ? undefined : readUser(reader);
  const body = readBody(reader, typeNumber, flags);
  reader.end();
  return { ...body, proposalId, ...(session && { session }), ...(user && { user }) };
}

function readUser(reader: ByteReader): CommandUser {
  const authRevision = reader.uint64();
  return { authRevision, name: reader.text() };
}

function encodePut(proposalId: number, request: PutRequest): Buffer {
  const { key, value } = request;
  const flags = putFlagsOf(request);
  const keyAt = HEADER_BYTES + 4 + ((flags & PutFlag.LEASE) === 0 ? 0 : 8);
  const bytes = Buffer.allocUnsafe(keyAt + key.length + value.length);
  bytes[0] = COMMAND_FORMAT_VERSION;
  bytes[1] = CommandType.PUT;
  bytes[2] = 0;
  bytes[3] = flags;
  writeUint64(bytes, 4, proposalId);
  bytes.writeUInt32LE(key.length, HEADER_BYTES);
  if ((flags & PutFlag.LEASE) !== 0) bytes.writeBigInt64LE(request.lease as bigint, HEADER_BYTES + 4);
  bytes.latin1Write(key, keyAt, key.length);
  value.copy(bytes, keyAt + key.length);
  return bytes;
}

function readPut(data: Buffer, at: number, flags: number): PutRequest {
  if (flags > 15) throw new UnknownCommandError(`the put has the unknown flags ${flags}`);
  const hasLease = (flags & PutFlag.LEASE) !== 0;
  const keyAt = at + 4 + (hasLease ? 8 : 0);
  const valueAt = keyAt + (data.length < keyAt ? 0 : data.readUInt32LE(at));
  if (data.length < valueAt) throw new CommandFormatError('the bytes end inside the put');
  return {
    key: data.latin1Slice(keyAt, valueAt),
    value: data.subarray(valueAt),
    lease: hasLease ? data.readBigInt64LE(at + 4) : 0n,
    prevKv: (flags & PutFlag.PREV_KV) !== 0,
    ignoreValue: (flags & PutFlag.IGNORE_VALUE) !== 0,
    ignoreLease: (flags & PutFlag.IGNORE_LEASE) !== 0,
  };
}

function putFlagsOf(request: PutRequest): number {
  return (request.prevKv ? PutFlag.PREV_KV : 0) | (request.ignoreValue ? PutFlag.IGNORE_VALUE : 0)
    | (request.ignoreLease ? PutFlag.IGNORE_LEASE : 0) | ((request.lease ?? 0n) === 0n ? 0 : PutFlag.LEASE);
}

function typeNumberOf(command: CommandBody): number {
  switch (command.type) {
    case 'noop': return CommandType.NOOP;
    case 'put': return CommandType.PUT;
    case 'deleteRange': return CommandType.DELETE_RANGE;
    case 'txn': return CommandType.TXN;
    case 'compact': return CommandType.COMPACT;
    case 'leaseGrant': return CommandType.LEASE_GRANT;
    case 'leaseRevoke': return CommandType.LEASE_REVOKE;
    case 'leaseExpire': return CommandType.LEASE_EXPIRE;
    case 'leaseCheckpoint': return CommandType.LEASE_CHECKPOINT;
    case 'leaseClear': return CommandType.LEASE_CLEAR;
    case 'alarm': return CommandType.ALARM;
    case 'memberAttributes': return CommandType.MEMBER_ATTRIBUTES;
    case 'clusterVersion': return CommandType.CLUSTER_VERSION;
    default: return unreachable(command, 'command');
  }
}

function writeBody(writer: ByteWriter, command: CommandBody): void {
  switch (command.type) {
    case 'noop': return;
    case 'put': return writePut(writer, command.request);
    case 'deleteRange': return writeDeleteRange(writer, command.request);
    case 'txn': return writeTxn(writer, command.request);
    case 'compact': return writer.number(command.request.revision);
    case 'leaseGrant':
      writer.id(command.id);
      return writer.number(command.ttlSeconds);
    case 'leaseRevoke': return writer.id(command.id);
    case 'leaseExpire':
      writer.uint64(command.term);
      return writeList(writer, command.leases, writeSighting);
    case 'leaseCheckpoint':
      writer.uint64(command.term);
      return writeList(writer, command.leases, writeRemaining);
    case 'leaseClear': return writeList(writer, command.ids, (into, id) => into.id(id));
    case 'alarm':
      writer.int32(command.request.action);
      writer.id(command.request.memberId);
      return writer.int32(command.request.alarm);
    case 'memberAttributes':
      writer.id(command.memberId);
      writer.text(command.name);
      return writeList(writer, command.clientUrls, (into, url) => into.text(url));
    case 'clusterVersion': return writer.text(command.version);
    default: return unreachable(command, 'command');
  }
}

function readBody(reader: ByteReader, typeNumber: number, flags: number): CommandBody {
  if (typeNumber === CommandType.PUT) return { type: 'put', request: readPut(reader.rest(), 0, flags) };
  if (flags !== 0) throw new UnknownCommandError(`command type ${typeNumber} has the unknown flags ${flags}`);
  switch (typeNumber) {
    case CommandType.NOOP: return { type: 'noop' };
    case CommandType.DELETE_RANGE: return { type: 'deleteRange', request: readDeleteRange(reader) };
    case CommandType.TXN: return { type: 'txn', request: readTxn(reader) };
    case CommandType.COMPACT: return { type: 'compact', request: { revision: reader.number() } };
    case CommandType.LEASE_GRANT: return { type: 'leaseGrant', id: reader.signedId(), ttlSeconds: reader.number() };
    case CommandType.LEASE_REVOKE: return { type: 'leaseRevoke', id: reader.signedId() };
    case CommandType.LEASE_EXPIRE: return { type: 'leaseExpire', term: reader.uint64(), leases: readList(reader, readSighting) };
    case CommandType.LEASE_CHECKPOINT: return { type: 'leaseCheckpoint', term: reader.uint64(), leases: readList(reader, readRemaining) };
    case CommandType.LEASE_CLEAR: return { type: 'leaseClear', ids: readList(reader, (from) => from.signedId()) };
    case CommandType.ALARM:
      return { type: 'alarm', request: { action: reader.int32(), memberId: reader.unsignedId(), alarm: reader.int32() } };
    case CommandType.MEMBER_ATTRIBUTES:
      return { type: 'memberAttributes', memberId: reader.unsignedId(), name: reader.text(), clientUrls: readList(reader, (from) => from.text()) };
    case CommandType.CLUSTER_VERSION: return { type: 'clusterVersion', version: reader.text() };
    default: throw new UnknownCommandError(`the command has the unknown type ${typeNumber}`);
  }
}

function writePut(writer: ByteWriter, request: PutRequest): void {
  writer.uint32(request.key.length);
  if ((putFlagsOf(request) & PutFlag.LEASE) !== 0) writer.id(request.lease as bigint);
  writer.rawByteString(request.key);
  writer.rawBuffer(request.value);
}

function writeSighting(writer: ByteWriter, lease: LeaseSighting): void {
  writer.id(lease.id);
  writer.uint64(lease.renewalEpoch);
}

function writeRemaining(writer: ByteWriter, lease: LeaseRemaining): void {
  writeSighting(writer, lease);
  writer.number(lease.remainingSeconds);
}

function readSighting(reader: ByteReader): LeaseSighting {
  return { id: reader.signedId(), renewalEpoch: reader.uint64() };
}

function readRemaining(reader: ByteReader): LeaseRemaining {
  return { id: reader.signedId(), renewalEpoch: reader.uint64(), remainingSeconds: reader.number() };
}
