import { type Codec, makeCodec } from './codec';
import { DecodeError } from './decode-error';
import type { Reader } from './reader';
import { assign, emptyOf, type FieldSchema, type MessageRecord, type MessageSchema, type Scalar, valueOf } from './schema';
import type { ReverseWriter } from './writer';

/** The codec of a message by its schema alone; for everything that is not on a hot path. */
export function schemaCodec<T>(schema: MessageSchema): Codec<T> {
  return makeCodec<T>({
    schema,
    read: (reader) => readBySchema(reader, schema) as T,
    write: (writer, message) => writeBySchema(writer, schema, message as MessageRecord),
  });
}

export function readBySchema(reader: Reader, schema: MessageSchema): MessageRecord {
  return readInto(reader, schema, emptyOf(schema));
}

/** A message field that occurs twice is one message, merged; a member of a `oneof` starts anew. */
function readInto(reader: Reader, schema: MessageSchema, message: MessageRecord): MessageRecord {
  const start = reader.position;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const field = schema.byNumber.get(tag >>> 3);
    if (field === undefined) reader.other(tag, schema);
    else if (field.type === 'message') readMessageField(reader, schema, field, tag, message);
    else readScalarField(reader, schema, field, tag, message);
  }
  if (schema.keepsEncoded) message['encoded'] = reader.buffer.subarray(start, reader.end);
  if (schema.union !== undefined && message['type'] === undefined) throw new DecodeError(`proto: ${schema.shortName}: nothing set`);
  return message;
}

function readMessageField(reader: Reader, schema: MessageSchema, field: FieldSchema, tag: number, message: MessageRecord): void {
  const nested = nestedOf(field);
  if ((tag & 7) !== 2) return reader.other(tag, schema);
  const single = !field.repeated && schema.union === undefined ? message[field.property] : undefined;
  const outer = reader.enter();
  const value = readInto(reader, nested, (single as MessageRecord | undefined) ?? emptyOf(nested));
  reader.leave(outer);
  assign(schema, field, message, value);
}

function readScalarField(reader: Reader, schema: MessageSchema, field: FieldSchema, tag: number, message: MessageRecord): void {
  const wireType = wireTypeOf(field);
  if ((tag & 7) === wireType) return assign(schema, field, message, readScalar(reader, field));
  if (!field.repeated || wireType !== 0 || (tag & 7) !== 2) return reader.other(tag, schema);
  const outer = reader.enter();
  while (reader.position < reader.end) assign(schema, field, message, readScalar(reader, field));
  reader.leave(outer);
}

function readScalar(reader: Reader, field: FieldSchema): Scalar {
  switch (field.type) {
    case 'int64': return reader.int64();
    case 'int64Id': return reader.int64Id();
    case 'uint64': return reader.uint64();
    case 'uint64Id': return reader.uint64Id();
    case 'uint32': return reader.uint32();
    case 'enum': return reader.enumNumber();
    case 'bool': return reader.bool();
    case 'string': return reader.string();
    case 'bytes': return reader.bytes();
    case 'key': return reader.key();
    case 'message': throw new TypeError(`${field.name} is a message`);
  }
}

export function writeBySchema(writer: ReverseWriter, schema: MessageSchema, message: MessageRecord): void {
  if (schema.keepsEncoded) return writer.raw(message['encoded'] as Buffer);
  const { fields } = schema;
  for (let at = fields.length - 1; at >= 0; at--) {
    const field = fields[at] as FieldSchema;
    const value = valueOf(schema, field, message);
    if (value === undefined) continue;
    if (!field.repeated) writeField(writer, field, value);
    else if (wireTypeOf(field) === 0) writePacked(writer, field, value as Scalar[]);
    else {
      const items = value as unknown[];
      for (let item = items.length - 1; item >= 0; item--) writeField(writer, field, items[item]);
    }
  }
}

function writeField(writer: ReverseWriter, field: FieldSchema, value: unknown): void {
  const tag = (field.number << 3) | wireTypeOf(field);
  switch (field.type) {
    case 'message': {
      const before = writer.written;
      writeBySchema(writer, nestedOf(field), value as MessageRecord);
      writer.close(tag, before);
      return;
    }
    case 'string': return writer.stringEvenIfEmpty(tag, value as string);
    case 'bytes': return writer.bytesEvenIfEmpty(tag, value as Buffer);
    case 'key': return writer.keyEvenIfEmpty(tag, value as string);
    default:
      writeNumber(writer, field, value as Scalar);
      writer.varint(tag);
  }
}

function writePacked(writer: ReverseWriter, field: FieldSchema, values: readonly Scalar[]): void {
  const before = writer.written;
  for (let at = values.length - 1; at >= 0; at--) writeNumber(writer, field, values[at] as Scalar);
  writer.close((field.number << 3) | 2, before);
}

function writeNumber(writer: ReverseWriter, field: FieldSchema, value: Scalar): void {
  if (typeof value === 'bigint') writer.int64Id(value);
  else if (typeof value === 'boolean') writer.varint(value ? 1 : 0);
  else if (field.type === 'uint64') writer.uint64(value as number);
  else writer.int64(value as number);
}

function wireTypeOf(field: FieldSchema): number {
  return field.type === 'message' || field.type === 'string' || field.type === 'bytes' || field.type === 'key' ? 2 : 0;
}

function nestedOf(field: FieldSchema): MessageSchema {
  if (field.message === undefined) throw new TypeError(`${field.name} is no message`);
  return field.message();
}
