import type { AlarmRequest, CompactRequest, DeleteRangeRequest, PutRequest, TxnRequest } from '@quorate/api';
import { unreachable } from '../base/assert';
import {
  ByteReader, ByteWriter, CommandFormatError, readList, readUint64, UnknownCommandError, writeList, writeUint64,
} from './command-bytes';
import { putBodyLength, putFlags, readPutBody, writePutBody } from './put-bytes';
import { readDeleteRange, readTxn, writeDeleteRange, writeTxn } from './txn-bytes';

/**
 * The replicated commands and their bytes in the log.
 *
 * Header of every command (all numbers little-endian):
 *
 *     0      format version
 *     1      command type
 *     2      header flags: bit 0 a session block follows, bit 1 a user block follows
 *     3      flags of the command type
 *     4-11   proposal id, u64
 *     [24 bytes session block: session id, request number, lowest number not yet answered; u64 each]
 *     [user block: auth revision u64, length of the name u8, name]
 *
 * and then the body, to the end of the entry. An entry without bytes is what a new leader appends: nothing.
 *
 * History of the format:
 *  - 1: the first. Session and user blocks have their place and are read, but no member may propose them until the
 *    cluster version says that all members act on them; a member of this version that meets one stops.
 *
 * Types and flags are never given a second meaning. A new one waits for the cluster version that knows it; a member that
 * meets an unknown one stops.
 */
export const COMMAND_FORMAT_VERSION = 1;

export const CommandType = {
  NOOP: 0, PUT: 1, DELETE_RANGE: 2, TXN: 3, COMPACT: 4, LEASE_GRANT: 5, LEASE_REVOKE: 6, LEASE_EXPIRE: 7,
  LEASE_CHECKPOINT: 8, LEASE_CLEAR: 9, ALARM: 10, MEMBER_ATTRIBUTES: 11, CLUSTER_VERSION: 12,
} as const;

/** A client's own numbering of its writes, by which apply recognises a repeat. */
export interface CommandSession {
  /** Log index of the entry that opened the session. */
  readonly id: number;
  readonly number: number;
  /** Answers to smaller numbers have arrived at the client. */
  readonly lowestUnanswered: number;
}

/** On whose behalf, and under which revision of the auth store that was decided. */
export interface CommandUser {
  readonly name: string;
  readonly authRevision: number;
}

export interface CommandHeader {
  /** By this the proposer finds its waiter; 0: nobody waits. Safe integer. */
  readonly proposalId: number;
  readonly session?: CommandSession;
  readonly user?: CommandUser;
}

/** A lease as the leader saw it when it decided. The decision holds only while the lease still has this epoch. */
export interface LeaseSighting {
  readonly id: bigint;
  readonly renewalEpoch: number;
}

export interface LeaseRemaining extends LeaseSighting {
  readonly remainingSeconds: number;
}

export type CommandBody =
  | { readonly type: 'noop' }
  | { readonly type: 'put'; readonly request: PutRequest }
  | { readonly type: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly type: 'txn'; readonly request: TxnRequest }
  /** `physical` concerns only the member that answers, and does not travel. */
  | { readonly type: 'compact'; readonly request: CompactRequest }
  /** The id is picked and the TTL raised to the minimum before this is proposed. */
  | { readonly type: 'leaseGrant'; readonly id: bigint; readonly ttlSeconds: number }
  | { readonly type: 'leaseRevoke'; readonly id: bigint }
  /** By the leader of `term` only; void in an entry of another term, and lease by lease where the epoch has moved on. */
  | { readonly type: 'leaseExpire'; readonly term: number; readonly leases: readonly LeaseSighting[] }
  /** Likewise: what is left of long TTLs, so that a change of leader does not start them afresh. */
  | { readonly type: 'leaseCheckpoint'; readonly term: number; readonly leases: readonly LeaseRemaining[] }
  /** These leases were renewed: all of their TTL remains, and what was decided about them before is void. */
  | { readonly type: 'leaseClear'; readonly ids: readonly bigint[] }
  | { readonly type: 'alarm'; readonly request: AlarmRequest }
  | { readonly type: 'memberAttributes'; readonly memberId: bigint; readonly name: string; readonly clientUrls: readonly string[] }
  | { readonly type: 'clusterVersion'; readonly version: string };

export type Command = CommandHeader & CommandBody;

const HEADER_BYTES = 12;
const HeaderFlag = { SESSION: 1, USER: 2 } as const;

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
  writer.uint8(command.type === 'put' ? putFlags(command.request) : 0);
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
    return { type: 'put', proposalId, request: readPutBody(data, HEADER_BYTES, flags) };
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
  const flags = putFlags(request);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + putBodyLength(request, flags));
  bytes[0] = COMMAND_FORMAT_VERSION;
  bytes[1] = CommandType.PUT;
  bytes[2] = 0;
  bytes[3] = flags;
  writeUint64(bytes, 4, proposalId);
  writePutBody(bytes, HEADER_BYTES, request, flags);
  return bytes;
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
    case 'put': {
      const flags = putFlags(command.request);
      const bytes = Buffer.allocUnsafe(putBodyLength(command.request, flags));
      writePutBody(bytes, 0, command.request, flags);
      return writer.rawBuffer(bytes);
    }
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
  if (typeNumber === CommandType.PUT) return { type: 'put', request: readPutBody(reader.rest(), 0, flags) };
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
