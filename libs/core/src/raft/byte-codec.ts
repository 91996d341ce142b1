/** Reading and writing the bytes that only our own members see: little-endian u64, LEB128 varints up to 2^53-1, length-prefixed bytes. */

/** Bytes that are not what they should be: truncated, of an unknown version, with trailing rubbish. Bytes come from outside, so this is no assertion. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

export function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}

/** Writes a varint at `offset`; returns the offset after it. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  while (value > 0x7fffffff) {
    target[offset++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  while (value >= 0x80) {
    target[offset++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[offset++] = value;
  return offset;
}

export class ByteWriter {
  private buffer: Buffer;
  private length = 0;

  constructor(capacity = 64) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + count));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  u8(value: number): this {
    this.reserve(1);
    this.buffer[this.length++] = value;
    return this;
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  varint(value: number): this {
    this.reserve(8);
    this.length = writeVarint(this.buffer, this.length, value);
    return this;
  }

  u64(value: bigint): this {
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64LE(value, this.length);
    return this;
  }

  ids(values: readonly bigint[]): this {
    this.varint(values.length);
    for (const value of values) this.u64(value);
    return this;
  }

  /** Bytes without a length: only at the end of a record. */
  raw(value: Buffer): this {
    this.reserve(value.length);
    value.copy(this.buffer, this.length);
    this.length += value.length;
    return this;
  }

  bytes(value: Buffer): this {
    return this.varint(value.length).raw(value);
  }

  /** The written bytes; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

export class ByteReader {
  private offset = 0;

  constructor(private readonly buffer: Buffer) {}

  get remaining(): number {
    return this.buffer.length - this.offset;
  }

  u8(): number {
    if (this.offset >= this.buffer.length) throw new DecodeError('record is truncated');
    return this.buffer[this.offset++]!;
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new DecodeError(`flag has value ${value}`);
    return value === 1;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new DecodeError('number is beyond 2^53-1');
  }

  u64(): bigint {
    if (this.remaining < 8) throw new DecodeError('record is truncated');
    const value = this.buffer.readBigUInt64LE(this.offset);
    this.offset += 8;
    return value;
  }

  ids(): bigint[] {
    const count = this.varint();
    if (count * 8 > this.remaining) throw new DecodeError('record is truncated');
    const values: bigint[] = [];
    for (let i = 0; i < count; i++) values.push(this.u64());
    return values;
  }

  /** A view of the next length-prefixed bytes. */
  bytes(): Buffer {
    return this.take(this.varint());
  }

  /** A view of everything that is left. */
  rest(): Buffer {
    return this.take(this.remaining);
  }

  private take(length: number): Buffer {
    if (length > this.remaining) throw new DecodeError('record is truncated');
    const value = this.buffer.subarray(this.offset, this.offset + length);
    this.offset += length;
    return value;
  }

  /** Reads the version byte in front of every record. */
  version(expected: number, what: string): void {
    const version = this.u8();
    if (version !== expected) throw new DecodeError(`${what} has version ${version}, this member knows ${expected}`);
  }

  end(what: string): void {
    if (this.remaining > 0) throw new DecodeError(`${what} has ${this.remaining} bytes too many`);
  }
}
