import type { PutRequest } from '@quorate/api';
import { CommandFormatError, UnknownCommandError } from './command-bytes';

/**
 * The bytes of a put, written by hand because most commands are puts: length of the key (u32), the lease (i64) if the
 * flags say so, the key, and the value up to the end of the entry.
 */
const PutFlag = { PREV_KV: 1, IGNORE_VALUE: 2, IGNORE_LEASE: 4, LEASE: 8 } as const;
const KNOWN_FLAGS = 15;

export function putFlags(request: PutRequest): number {
  return (request.prevKv ? PutFlag.PREV_KV : 0) | (request.ignoreValue ? PutFlag.IGNORE_VALUE : 0)
    | (request.ignoreLease ? PutFlag.IGNORE_LEASE : 0) | (request.lease ? PutFlag.LEASE : 0);
}

export function putBodyLength(request: PutRequest, flags: number): number {
  return 4 + ((flags & PutFlag.LEASE) === 0 ? 0 : 8) + request.key.length + request.value.length;
}

/** Writes the body; key and value are copied once, here. */
export function writePutBody(bytes: Buffer, offset: number, request: PutRequest, flags: number): void {
  const { key, value } = request;
  let at = bytes.writeUInt32LE(key.length, offset);
  if ((flags & PutFlag.LEASE) !== 0) at = bytes.writeBigInt64LE(request.lease as bigint, at);
  at += bytes.latin1Write(key, at, key.length);
  value.copy(bytes, at);
}

/** The body from `offset` to the end. The value shares memory with `bytes`. */
export function readPutBody(bytes: Buffer, offset: number, flags: number): PutRequest {
  if (flags > KNOWN_FLAGS) throw new UnknownCommandError(`the put has the unknown flags ${flags}`);
  const hasLease = (flags & PutFlag.LEASE) !== 0;
  const keyAt = offset + (hasLease ? 12 : 4);
  const valueAt = bytes.length < keyAt ? Infinity : keyAt + bytes.readUInt32LE(offset);
  if (bytes.length < valueAt) throw new CommandFormatError('the bytes end inside the put');
  return {
    key: bytes.latin1Slice(keyAt, valueAt),
    value: bytes.subarray(valueAt),
    lease: hasLease ? bytes.readBigInt64LE(offset + 4) : 0n,
    prevKv: (flags & PutFlag.PREV_KV) !== 0,
    ignoreValue: (flags & PutFlag.IGNORE_VALUE) !== 0,
    ignoreLease: (flags & PutFlag.IGNORE_LEASE) !== 0,
  };
}
