import type { ByteString, KeyValue } from '@quorate/api';
import type { RevisionRow } from '../ports/backend';

/** Tag bytes of `mvccpb.KeyValue`: field number shifted by three, or'ed with the wire type. */
const TAG_KEY = 0x0a;
const TAG_CREATE = 0x10;
const TAG_MOD = 0x18;
const TAG_VERSION = 0x20;
const TAG_VALUE = 0x2a;
const TAG_LEASE = 0x30;

const EMPTY = Buffer.alloc(0);

/** Where the last `readVarint` stopped; a module variable saves a pair object per number. */
let cursor = 0;

function readVarint(bytes: Buffer, start: number): number {
  let at = start;
  let byte = bytes[at++];
  let value = byte & 0x7f;
  let scale = 128;
  while (byte >= 0x80) {
    byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    scale *= 128;
  }
  cursor = at;
  return value;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest /= 128) length++;
  return length;
}

function writeVarint(target: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7fffffff) {
    target[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** An int64 as protobuf writes it: negative numbers take ten bytes. */
function writeInt64(target: Buffer, start: number, value: bigint): number {
  if (value > 0n && value <= 0x1fffffffffffffn) return writeVarint(target, start, Number(value));
  let at = start;
  let rest = BigInt.asUintN(64, value);
  while (rest >= 128n) {
    target[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  target[at++] = Number(rest);
  return at;
}

function int64Length(value: bigint): number {
  if (value < 0n) return 10;
  if (value <= 0x1fffffffffffffn) return varintLength(Number(value));
  let length = 1;
  for (let rest = value; rest >= 128n; rest >>= 7n) length++;
  return length;
}

function readInt64(bytes: Buffer, start: number): bigint {
  let value = 0n;
  let shift = 0n;
  for (let at = start; ; at++) {
    value |= BigInt(bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return BigInt.asIntN(64, value);
    shift += 7n;
  }
}

/** Bytes that `writeKeyValue` writes. */
export function keyValueLength(key: ByteString, create: number, mod: number, version: number, valueLength: number, lease: bigint): number {
  let length = 1 + varintLength(key.length) + key.length;
  if (create !== 0) length += 1 + varintLength(create);
  if (mod !== 0) length += 1 + varintLength(mod);
  if (version !== 0) length += 1 + varintLength(version);
  if (valueLength !== 0) length += 1 + varintLength(valueLength) + valueLength;
  if (lease !== 0n) length += 1 + int64Length(lease);
  return length;
}

/**
 * Writes one `mvccpb.KeyValue`: fields ascending, zero fields left out. The value is `value[valueStart, valueEnd)`.
 * @returns the position after it
 */
export function writeKeyValue(
  target: Buffer, start: number, key: ByteString, create: number, mod: number, version: number,
  value: Buffer, valueStart: number, valueEnd: number, lease: bigint,
): number {
  let at = start;
  target[at++] = TAG_KEY;
  at = writeVarint(target, at, key.length);
  target.latin1Write(key, at, key.length);
  at += key.length;
  if (create !== 0) {
    target[at++] = TAG_CREATE;
    at = writeVarint(target, at, create);
  }
  if (mod !== 0) {
    target[at++] = TAG_MOD;
    at = writeVarint(target, at, mod);
  }
  if (version !== 0) {
    target[at++] = TAG_VERSION;
    at = writeVarint(target, at, version);
  }
  if (valueEnd > valueStart) {
    target[at++] = TAG_VALUE;
    at = writeVarint(target, at, valueEnd - valueStart);
    // For a few bytes a loop is quicker than the call.
    if (valueEnd - valueStart <= 24) for (let from = valueStart; from < valueEnd; from++) target[at++] = value[from];
    else at += value.copy(target, at, valueStart, valueEnd);
  }
  if (lease !== 0n) {
    target[at++] = TAG_LEASE;
    at = writeInt64(target, at, lease);
  }
  return at;
}

/** Positions and numbers of one encoded `KeyValue`; what is expensive to make (strings, views, bigints) stays undecoded. */
interface Fields {
  keyStart: number;
  keyEnd: number;
  createRevision: number;
  modRevision: number;
  version: number;
  valueStart: number;
  valueEnd: number;
  /** First byte of the lease's varint; 0: no lease. */
  leaseStart: number;
}

function decodeFields(bytes: Buffer, start: number, end: number): Fields {
  const fields: Fields = { keyStart: 0, keyEnd: 0, createRevision: 0, modRevision: 0, version: 0, valueStart: 0, valueEnd: 0, leaseStart: 0 };
  let at = start;
  while (at < end) {
    const tag = bytes[at++];
    const number = readVarint(bytes, at);
    switch (tag) {
      case TAG_KEY:
        fields.keyStart = cursor;
        fields.keyEnd = cursor += number;
        break;
      case TAG_CREATE: fields.createRevision = number; break;
      case TAG_MOD: fields.modRevision = number; break;
      case TAG_VERSION: fields.version = number; break;
      case TAG_VALUE:
        fields.valueStart = cursor;
        fields.valueEnd = cursor += number;
        break;
      case TAG_LEASE: fields.leaseStart = at; break;
      default: throw new Error(`a stored key-value holds the unknown tag ${tag}`);
    }
    at = cursor;
  }
  if (at !== end) throw new Error('a stored key-value is longer than its row');
  return fields;
}

/**
 * One version of a key as a view on bytes that are never overwritten: at once the `KeyValue` of answers and events and the
 * row that goes to the backend. It decodes when asked.
 */
export class StoredVersion implements KeyValue, RevisionRow {
  private fields: Fields | undefined = undefined;

  /** @param knownKey saves decoding the key; `undefined` where only the bytes are known */
  constructor(
    readonly bytes: Buffer,
    readonly start: number,
    readonly end: number,
    readonly main: number,
    readonly sub: number,
    readonly tombstone: boolean,
    private knownKey: ByteString | undefined,
  ) {}

  /** A version that came back from the backend. */
  static ofRow(row: RevisionRow): StoredVersion {
    return new StoredVersion(row.data, 0, row.data.length, row.main, row.sub, row.tombstone, undefined);
  }

  get key(): ByteString {
    return (this.knownKey ??= this.bytes.latin1Slice(this.decoded.keyStart, this.decoded.keyEnd));
  }

  get createRevision(): number {
    return this.decoded.createRevision;
  }

  get modRevision(): number {
    return this.main;
  }

  get version(): number {
    return this.decoded.version;
  }

  get value(): Buffer {
    const { valueStart, valueEnd } = this.decoded;
    return valueEnd === valueStart ? EMPTY : this.bytes.subarray(valueStart, valueEnd);
  }

  /** Where the value lies in `bytes`. */
  get valueStart(): number {
    return this.decoded.valueStart;
  }

  get valueEnd(): number {
    return this.decoded.valueEnd;
  }

  get lease(): bigint {
    const { leaseStart } = this.decoded;
    return leaseStart === 0 ? 0n : readInt64(this.bytes, leaseStart);
  }

  get encoded(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  get data(): Buffer {
    return this.encoded;
  }

  /** The same version with an empty value (`keys_only`). */
  withoutValue(): StoredVersion {
    const { valueStart, valueEnd } = this.decoded;
    if (valueEnd === valueStart) return this;
    const tagStart = valueStart - varintLength(valueEnd - valueStart) - 1;
    const head = tagStart - this.start;
    const bytes = Buffer.allocUnsafe(head + this.end - valueEnd);
    this.bytes.copy(bytes, 0, this.start, tagStart);
    this.bytes.copy(bytes, head, valueEnd, this.end);
    return new StoredVersion(bytes, 0, bytes.length, this.main, this.sub, this.tombstone, this.knownKey);
  }

  private get decoded(): Fields {
    return (this.fields ??= decodeFields(this.bytes, this.start, this.end));
  }
}
