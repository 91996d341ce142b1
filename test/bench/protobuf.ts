import { GRPC_PREFIX_BYTES, writeUint32 } from './frames';

/**
 * The few messages of etcd's API that the workloads speak: encoders that run once per run (templates are patched after
 * that), and a reader that walks an answer in place. Field numbers are those of etcd's rpc.proto and kv.proto.
 */

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

/** A field with a number; `value` is a safe integer, not negative. */
export function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + WIRE_VARINT), varint(value)]);
}

/** A field with bytes, a string or an embedded message. */
export function bytesField(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + WIRE_BYTES), varint(value.length), value]);
}

/** An embedded message made of these fields. */
export function messageField(field: number, ...fields: Buffer[]): Buffer {
  return bytesField(field, Buffer.concat(fields));
}

/** A whole message made of these fields, behind the gRPC prefix (not compressed, length). */
export function grpcMessage(...fields: Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  writeUint32(prefix, 1, body.length);
  return Buffer.concat([prefix, body]);
}

function varint(value: number): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push((rest % 0x80) | 0x80);
  octets.push(rest);
  return Buffer.from(octets);
}

/** The message is not well-formed protobuf. */
export class ProtobufError extends Error {}

/**
 * Walks the fields of a message where it lies. After `next()` returned true, `field` is its number; `value` is its
 * number for a varint, and `start` and `end` bound its bytes for a length-delimited one. One reader is used again and
 * again, so reading allocates nothing.
 */
export class MessageReader {
  field = 0;
  /** Varints above 2^53 lose their low bits, which no field read here can have. */
  value = 0;
  start = 0;
  end = 0;
  bytes: Uint8Array = new Uint8Array(0);
  private position = 0;
  private limit = 0;

  /** Starts on the message in bytes[start, end). */
  open(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
    return this;
  }

  /** Moves to the next field; false at the end of the message; throws `ProtobufError`. */
  next(): boolean {
    if (this.position >= this.limit) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    switch (tag & 7) {
      case WIRE_VARINT:
        this.value = this.varint();
        break;
      case WIRE_BYTES:
        this.end = this.varint();
        this.start = this.position;
        this.end += this.start;
        this.position = this.end;
        break;
      case WIRE_FIXED64:
        this.position += 8;
        break;
      case WIRE_FIXED32:
        this.position += 4;
        break;
      default:
        throw new ProtobufError(`unknown wire type ${tag & 7}`);
    }
    if (this.position > this.limit) throw new ProtobufError('field reaches past the end of its message');
    return true;
  }

  private varint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.position++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < 10; count++) {
      if (this.position >= this.limit) break;
      byte = bytes[this.position++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new ProtobufError('number without an end');
  }
}

const headerReader = new MessageReader();

/** Revision in the response header that bytes[start, end) hold. */
export function headerRevision(bytes: Uint8Array, start: number, end: number): number {
  headerReader.open(bytes, start, end);
  while (headerReader.next()) if (headerReader.field === 3) return headerReader.value;
  return 0;
}
