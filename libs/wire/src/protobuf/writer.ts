import type { ByteString } from '@quorate/api';

/** Small messages share buffers of this size; a slow reader of one message keeps no more than this alive. */
const CHUNK_BYTES = 16 * 1024;
const OWN_BUFFER_BYTES = CHUNK_BYTES / 4;
const START_BYTES = 64;
/** Flag and length in front of every gRPC message. */
const GRPC_PREFIX_BYTES = 5;
const MAX_INT64 = 2 ** 63;

const wide = new DataView(new ArrayBuffer(8));

/**
 * Writes protobuf from the end of a message to its beginning: the length of a nested message is known when it has to be
 * written, so nothing is measured first and nothing is moved. Fields are therefore written last one first, and within a
 * field the value before the tag. `begin`, the fields, then `finish`; one message at a time.
 */
export class ReverseWriter {
  private chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private chunkFree = CHUNK_BYTES;
  private buffer = this.chunk;
  private position = CHUNK_BYTES;
  private messageEnd = CHUNK_BYTES;

  /** @param sizeBytes what the message will take at most, where that is known to be much */
  begin(sizeBytes = START_BYTES): void {
    if (sizeBytes > this.chunkFree) this.provide(sizeBytes);
    else {
      this.buffer = this.chunk;
      this.position = this.chunkFree;
    }
    this.messageEnd = this.position;
  }

  /** The message; the caller's own, and exactly as long as it is. */
  finish(): Buffer {
    if (this.buffer === this.chunk) this.chunkFree = this.position;
    return this.buffer.subarray(this.position, this.messageEnd);
  }

  /** The message with gRPC's prefix (not compressed, length) before it. */
  finishFrame(): Buffer {
    const length = this.written;
    this.reserve(GRPC_PREFIX_BYTES);
    const at = (this.position -= GRPC_PREFIX_BYTES);
    this.buffer[at] = 0;
    this.buffer.writeUInt32BE(length, at + 1);
    return this.finish();
  }

  /** Bytes of this message so far. */
  get written(): number {
    return this.messageEnd - this.position;
  }

  /** What was written since the message had `before` bytes; valid until the next write. */
  since(before: number): Buffer {
    return this.buffer.subarray(this.position, this.messageEnd - before);
  }

  /** Makes what was written since `before` a length-delimited field. */
  close(tag: number, before: number): void {
    this.varint(this.written - before);
    this.varint(tag);
  }

  /** An unsigned number below 2^31. */
  varint(value: number): void {
    if (this.position < 5) this.reserve(5);
    const { buffer } = this;
    if (value < 0x80) {
      buffer[--this.position] = value;
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    let at = (this.position -= size);
    let rest = value;
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at] = rest;
  }

  /** A signed 64-bit number; what does not fit becomes the nearest that does. */
  int64(value: number): void {
    if (value >= 0 && value < 0x8000_0000) this.varint(value);
    else if (value >= MAX_INT64) this.halves(-1, 0x7fff_ffff);
    else if (value < -MAX_INT64) this.halves(0, 0x8000_0000 | 0);
    else {
      const high = Math.floor(value / 0x1_0000_0000);
      this.halves((value - high * 0x1_0000_0000) | 0, high | 0);
    }
  }

  /** Unsigned, so that numbers from 2^63 on keep their size. */
  uint64(value: number): void {
    if (value < MAX_INT64) this.int64(value < 0 ? 0 : value);
    else if (value >= 2 * MAX_INT64) this.halves(-1, -1);
    else {
      const high = Math.floor(value / 0x1_0000_0000);
      this.halves((value - high * 0x1_0000_0000) | 0, high | 0);
    }
  }

  int64Id(value: bigint): void {
    wide.setBigInt64(0, value);
    this.halves(wide.getInt32(4), wide.getInt32(0));
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.position < length) this.reserve(length);
    this.buffer.set(bytes, (this.position -= length));
  }

  /** Fields whose zero is not written. */
  int64Field(tag: number, value: number | undefined): void {
    if (value === undefined || value === 0) return;
    this.int64(value);
    this.varint(tag);
  }

  idField(tag: number, value: bigint | undefined): void {
    if (value === undefined || value === 0n) return;
    this.int64Id(value);
    this.varint(tag);
  }

  boolField(tag: number, value: boolean | undefined): void {
    if (value !== true) return;
    this.varint(1);
    this.varint(tag);
  }

  bytesField(tag: number, value: Uint8Array | undefined): void {
    if (value !== undefined && value.length !== 0) this.bytesEvenIfEmpty(tag, value);
  }

  keyField(tag: number, value: ByteString | undefined): void {
    if (value !== undefined && value.length !== 0) this.keyEvenIfEmpty(tag, value);
  }

  stringField(tag: number, value: string | undefined): void {
    if (value !== undefined && value.length !== 0) this.stringEvenIfEmpty(tag, value);
  }

  bytesEvenIfEmpty(tag: number, value: Uint8Array): void {
    this.raw(value);
    this.varint(value.length);
    this.varint(tag);
  }

  keyEvenIfEmpty(tag: number, value: ByteString): void {
    const { length } = value;
    if (this.position < length) this.reserve(length);
    this.position -= length;
    if (length !== 0) this.buffer.latin1Write(value, this.position, length);
    this.varint(length);
    this.varint(tag);
  }

  stringEvenIfEmpty(tag: number, value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    if (this.position < length) this.reserve(length);
    this.position -= length;
    if (length !== 0) this.buffer.utf8Write(value, this.position, length);
    this.varint(length);
    this.varint(tag);
  }

  private halves(low: number, high: number): void {
    if (this.position < 10) this.reserve(10);
    let size = 1;
    for (let l = low, h = high; l >>> 7 !== 0 || h !== 0; size++) {
      l = (l >>> 7) | (h << 25);
      h >>>= 7;
    }
    const { buffer } = this;
    let at = (this.position -= size);
    let l = low;
    let h = high;
    for (let left = size; left > 1; left--) {
      buffer[at++] = (l & 0x7f) | 0x80;
      l = (l >>> 7) | (h << 25);
      h >>>= 7;
    }
    buffer[at] = l & 0x7f;
  }

  /** Makes room for `count` more bytes before the message; what is written moves where there is none. */
  private reserve(count: number): void {
    if (this.position >= count) return;
    const tail = this.buffer.subarray(this.position, this.messageEnd);
    const needed = tail.length + count;
    this.provide(needed <= OWN_BUFFER_BYTES ? needed : needed * 2);
    this.messageEnd = this.position;
    this.raw(tail);
  }

  private provide(sizeBytes: number): void {
    if (sizeBytes <= OWN_BUFFER_BYTES) {
      this.chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.chunkFree = CHUNK_BYTES;
      this.buffer = this.chunk;
    } else this.buffer = Buffer.allocUnsafeSlow(sizeBytes);
    this.position = this.buffer.length;
  }
}
