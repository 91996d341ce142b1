import { isUtf8 } from 'node:buffer';
import type { ByteString } from '@quorate/api';
import { DecodeError } from './decode-error';
import { goNameOf, type MessageSchema } from './schema';

/**
 * Messages inside messages: two levels per nested transaction, so more than `--max-txn-ops` allows to be meaningful, and
 * little enough for any stack.
 */
export const MAX_MESSAGE_DEPTH = 1000;

export const EMPTY_BYTES: Buffer = Buffer.alloc(0);

/** Wire types of the protobuf encoding. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

const wide = new DataView(new ArrayBuffer(8));

/**
 * Reads protobuf primitives from a view of received bytes, without copying: what it returns as `Buffer` is part of that
 * view. Everything that is malformed throws `DecodeError`; every call moves forward or throws.
 */
export class Reader {
  position = 0;
  end: number;
  private depth = 0;
  /** Halves of the varint read last. */
  private low = 0;
  private high = 0;

  constructor(readonly buffer: Buffer) {
    this.end = buffer.length;
  }

  /** Field number and wire type in one, as on the wire; 0 for what cannot be a tag, which `other` refuses. */
  tag(): number {
    const byte = this.buffer[this.position] as number;
    if (byte < 0x80 && this.position < this.end) {
      this.position++;
      return byte;
    }
    this.varint();
    return this.high === 0 ? this.low >>> 0 : 0;
  }

  /** A signed 64-bit number; beyond ±2^53 the nearest that a `number` can hold. */
  int64(): number {
    const byte = this.buffer[this.position] as number;
    if (byte < 0x80 && this.position < this.end) {
      this.position++;
      return byte;
    }
    this.varint();
    return this.high * 0x1_0000_0000 + (this.low >>> 0);
  }

  /** An unsigned 64-bit number; beyond 2^53 the nearest that a `number` can hold. */
  uint64(): number {
    const byte = this.buffer[this.position] as number;
    if (byte < 0x80 && this.position < this.end) {
      this.position++;
      return byte;
    }
    this.varint();
    return (this.high >>> 0) * 0x1_0000_0000 + (this.low >>> 0);
  }

  int64Id(): bigint {
    this.varint();
    if (this.low === 0 && this.high === 0) return 0n;
    wide.setInt32(0, this.high);
    wide.setInt32(4, this.low);
    return wide.getBigInt64(0);
  }

  uint64Id(): bigint {
    this.varint();
    if (this.low === 0 && this.high === 0) return 0n;
    wide.setInt32(0, this.high);
    wide.setInt32(4, this.low);
    return wide.getBigUint64(0);
  }

  uint32(): number {
    this.varint();
    return this.low >>> 0;
  }

  /** Enums are signed 32-bit numbers; unknown ones are kept. */
  enumNumber(): number {
    this.varint();
    return this.low;
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  /** A part of the received bytes, not a copy. */
  bytes(): Buffer {
    const length = this.length();
    if (length === 0) return EMPTY_BYTES;
    const start = this.position;
    this.position = start + length;
    return this.buffer.subarray(start, start + length);
  }

  key(): ByteString {
    const length = this.length();
    if (length === 0) return '';
    const start = this.position;
    this.position = start + length;
    return this.buffer.latin1Slice(start, start + length);
  }

  string(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw new DecodeError('string field contains invalid UTF-8');
    return bytes.utf8Slice();
  }

  /** Narrows the view to the message that begins here; `leave` takes back what this returns. */
  enter(): number {
    const length = this.length();
    if (++this.depth > MAX_MESSAGE_DEPTH) throw new DecodeError('exceeded maximum recursion depth');
    const outer = this.end;
    this.end = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.depth--;
    this.end = outer;
  }

  /** Deals with a tag that the message's own switch does not list: skips an unknown field, refuses everything else. */
  other(tag: number, schema: MessageSchema): void {
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === END_GROUP) throw new DecodeError(`proto: ${schema.shortName}: wiretype end group for non-group`);
    if (number === 0) throw new DecodeError(`proto: ${schema.shortName}: illegal tag 0 (wire type ${wireType})`);
    const field = schema.byNumber.get(number);
    if (field !== undefined) throw new DecodeError(`proto: wrong wireType = ${wireType} for field ${goNameOf(field)}`);
    this.skip(wireType);
  }

  /** Passes over one field whose tag has been read; groups, which nobody writes any more, may nest. */
  private skip(first: number): void {
    let wireType = first;
    let groups = 0;
    for (;;) {
      switch (wireType) {
        case VARINT: this.varint(); break;
        case FIXED64: this.advance(8); break;
        case LENGTH_DELIMITED: this.advance(this.length()); break;
        case START_GROUP: groups++; break;
        case END_GROUP: groups--; break;
        case FIXED32: this.advance(4); break;
        default: throw new DecodeError(`proto: illegal wireType ${wireType}`);
      }
      if (groups === 0) return;
      wireType = this.tag() & 7;
    }
  }

  private advance(count: number): void {
    if (count > this.end - this.position) throw new DecodeError('unexpected EOF');
    this.position += count;
  }

  private length(): number {
    const length = this.int64();
    if (length < 0) throw new DecodeError('proto: negative length found during unmarshaling');
    if (length > this.end - this.position) throw new DecodeError('unexpected EOF');
    return length;
  }

  /** Up to ten bytes, seven bits each, lowest first; bits above 64 are dropped. */
  private varint(): void {
    const { buffer, end } = this;
    let at = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new DecodeError('unexpected EOF');
      const byte = buffer[at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        this.position = at;
        return;
      }
    }
    throw new DecodeError('proto: integer overflow');
  }
}
