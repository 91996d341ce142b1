import type { ByteString } from '@quorate/api';

/** Committed bytes that this version cannot read although it knows their format: corruption or a defect. The member stops. */
export class CommandFormatError extends Error {
  override readonly name = 'CommandFormatError';
}

/** A command, or a part of one, of a newer version. Skipping it would let members diverge, so the member stops. */
export class UnknownCommandError extends Error {
  override readonly name = 'UnknownCommandError';
}

const TWO_POW_32 = 0x1_0000_0000;

/** Writes an unsigned safe integer as 8 bytes, little-endian. */
export function writeUint64(into: Buffer, offset: number, value: number): void {
  const high = Math.floor(value / TWO_POW_32);
  into.writeUInt32LE(value - high * TWO_POW_32, offset);
  into.writeUInt32LE(high, offset + 4);
}

export function readUint64(from: Buffer, offset: number): number {
  return from.readUInt32LE(offset + 4) * TWO_POW_32 + from.readUInt32LE(offset);
}

/** A buffer that grows, for commands and records that are not worth measuring first. All numbers are little-endian. */
export class ByteWriter {
  private bytes = Buffer.allocUnsafe(256);
  private length = 0;

  uint8(value: number): void {
    const at = this.reserve(1);
    this.bytes.writeUInt8(value, at);
  }

  uint16(value: number): void {
    const at = this.reserve(2);
    this.bytes.writeUInt16LE(value, at);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    this.bytes.writeInt32LE(value, at);
  }

  /** An unsigned safe integer, 8 bytes. */
  uint64(value: number): void {
    const at = this.reserve(8);
    writeUint64(this.bytes, at, value);
  }

  /** Any number, exactly, 8 bytes: what a client sent as i64 may be negative. */
  number(value: number): void {
    const at = this.reserve(8);
    this.bytes.writeDoubleLE(value, at);
  }

  /** A signed or unsigned 64-bit id, by its low 64 bits. */
  id(value: bigint): void {
    const at = this.reserve(8);
    this.bytes.writeBigInt64LE(BigInt.asIntN(64, value), at);
  }

  /** A length or count up to 2^32-1; 7 bits a byte, low ones first. */
  count(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.uint8(rest);
  }

  byteString(value: ByteString): void {
    this.count(value.length);
    this.rawByteString(value);
  }

  text(value: string): void {
    this.buffer(Buffer.from(value, 'utf8'));
  }

  buffer(value: Buffer): void {
    this.count(value.length);
    this.rawBuffer(value);
  }

  /** Without a length before it. */
  rawByteString(value: ByteString): void {
    const at = this.reserve(value.length);
    this.bytes.latin1Write(value, at, value.length);
  }

  /** Without a length before it. */
  rawBuffer(value: Buffer): void {
    const at = this.reserve(value.length);
    value.copy(this.bytes, at);
  }

  /** What was written, in an allocation of its own. */
  finish(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  private reserve(byteCount: number): number {
    const at = this.length;
    this.length += byteCount;
    if (this.length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.length, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, at);
      this.bytes = grown;
    }
    return at;
  }
}

/** Reads what `ByteWriter` wrote. Buffers it hands out share memory with the input. @throws CommandFormatError at its end. */
export class ByteReader {
  constructor(private readonly bytes: Buffer, private offset = 0) {}

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  uint8(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  uint16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  int32(): number {
    return this.bytes.readInt32LE(this.take(4));
  }

  uint64(): number {
    return readUint64(this.bytes, this.take(8));
  }

  number(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  /** A signed id (leases). */
  signedId(): bigint {
    return this.bytes.readBigInt64LE(this.take(8));
  }

  /** An unsigned id (members). */
  unsignedId(): bigint {
    return this.bytes.readBigUInt64LE(this.take(8));
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 5; index++) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new CommandFormatError('a length takes more than five bytes');
  }

  byteString(): ByteString {
    const length = this.count();
    const at = this.take(length);
    return this.bytes.latin1Slice(at, at + length);
  }

  text(): string {
    const length = this.count();
    const at = this.take(length);
    return this.bytes.utf8Slice(at, at + length);
  }

  buffer(): Buffer {
    const length = this.count();
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Everything that is left. */
  rest(): Buffer {
    return this.bytes.subarray(this.take(this.remaining));
  }

  /** @throws CommandFormatError where bytes are left over. */
  end(): void {
    if (this.remaining !== 0) throw new CommandFormatError(`${this.remaining} bytes follow the end`);
  }

  private take(byteCount: number): number {
    const at = this.offset;
    this.offset += byteCount;
    if (this.offset > this.bytes.length) throw new CommandFormatError('the bytes end too early');
    return at;
  }
}

export function writeList<T>(writer: ByteWriter, items: readonly T[], write: (writer: ByteWriter, item: T) => void): void {
  writer.count(items.length);
  for (const item of items) write(writer, item);
}

export function readList<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const length = reader.count();
  // Every item takes at least a byte: a length beyond that is refused before anything is allocated for it.
  if (length > reader.remaining) throw new CommandFormatError('a list is longer than its bytes');
  const items: T[] = [];
  for (let index = 0; index < length; index++) items.push(read(reader));
  return items;
}
