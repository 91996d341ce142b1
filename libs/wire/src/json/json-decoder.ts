import { isUtf8 } from 'node:buffer';
import type { KeyValue } from '@quorate/api';
import type { Codec } from '../protobuf/codec';
import { DecodeError } from '../protobuf/decode-error';
import { encodeKeyValue } from '../protobuf/key-value';
import { MAX_MESSAGE_DEPTH } from '../protobuf/reader';
import { assign, emptyOf, type FieldSchema, type MessageRecord, type MessageSchema, type Scalar } from '../protobuf/schema';
import { type JsonNode, placeOf, tokenOf } from './json-node';
import { JsonParser } from './json-parser';
import { bytesOf, integerOf } from './json-scalars';

/**
 * Reads a message from JSON by the rules of protobuf's JSON mapping as etcd's gateway applies them: either form of a
 * name, enums by name or number, numbers bare or quoted, any base64, `null` for absent, unknown names and enum names
 * passed over, an empty body for an empty message, and only the first value of the text.
 * @throws DecodeError and nothing else, with the texts of Go's encoding/json and protojson
 */
export function decodeJson<T>(codec: Codec<T>, json: string | Buffer): T {
  const text = typeof json === 'string' ? json : textOfBytes(json);
  const source = text.trimStart();
  const node = new JsonParser(source).parseFirst();
  const message = node === undefined ? emptyOf(codec.schema) : new MessageBuilder(source).message(codec.schema, node);
  return message as T;
}

function textOfBytes(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new DecodeError('proto: syntax error: invalid UTF-8');
  return bytes.utf8Slice();
}

class MessageBuilder {
  private depth = 0;

  constructor(private readonly source: string) {}

  message(schema: MessageSchema, node: JsonNode): MessageRecord {
    if (node.type !== 'object') throw this.unexpectedToken(node);
    if (++this.depth > MAX_MESSAGE_DEPTH) throw new DecodeError('proto: exceeded max recursion depth');
    const message = emptyOf(schema);
    const seen = new Set<number>();
    const oneofs = new Set<string>();
    for (const { name, at, raw, value } of node.members) {
      const field = schema.byJsonName.get(name);
      if (field === undefined) continue;
      if (seen.has(field.number)) throw new DecodeError(`proto: (${placeOf(this.source, at)}): duplicate field ${raw}`);
      seen.add(field.number);
      if (isNull(value)) continue;
      if (field.oneof !== undefined) {
        if (oneofs.has(field.oneof)) {
          throw new DecodeError(`proto: (${placeOf(this.source, at)}): error parsing ${raw}, oneof ${schema.name}.${field.oneof} is already set`);
        }
        oneofs.add(field.oneof);
      }
      this.field(schema, field, message, value);
    }
    if (schema.keepsEncoded) message['encoded'] = encodeKeyValue(message as unknown as KeyValue);
    if (schema.union !== undefined && message['type'] === undefined) throw new DecodeError(`proto: ${schema.shortName}: nothing set`);
    this.depth--;
    return message;
  }

  private field(schema: MessageSchema, field: FieldSchema, message: MessageRecord, node: JsonNode): void {
    if (field.repeated) {
      if (node.type !== 'array') throw this.unexpectedToken(node);
      for (const item of node.items) this.single(schema, field, message, item);
    } else this.single(schema, field, message, node);
  }

  private single(schema: MessageSchema, field: FieldSchema, message: MessageRecord, node: JsonNode): void {
    if (field.type === 'message') return assign(schema, field, message, this.message((field.message as () => MessageSchema)(), node));
    if (field.type === 'enum') {
      const number = this.enumNumber(field, node);
      if (number !== undefined) assign(schema, field, message, number);
      return;
    }
    const value = scalarOf(field, node);
    if (value === undefined) throw this.invalid(field, node);
    assign(schema, field, message, value);
  }

  /** `undefined` for a name that is not known, which is passed over like an unknown field. */
  private enumNumber(field: FieldSchema, node: JsonNode): number | undefined {
    if (node.type === 'string') {
      const index = (field.enumNames ?? []).indexOf(node.text);
      return index < 0 ? undefined : index;
    }
    const number = node.type === 'number' ? integerOf(node.raw, -(2n ** 31n), 2n ** 31n - 1n) : undefined;
    if (number === undefined) throw this.invalid(field, node);
    return Number(number);
  }

  private invalid(field: FieldSchema, node: JsonNode): DecodeError {
    return new DecodeError(`proto: (${placeOf(this.source, node.at)}): invalid value for ${protoTypeOf(field)} field ${field.jsonName}: ${tokenOf(node)}`);
  }

  private unexpectedToken(node: JsonNode): DecodeError {
    return new DecodeError(`proto: syntax error (${placeOf(this.source, node.at)}): unexpected token ${tokenOf(node)}`);
  }
}

function isNull(node: JsonNode): boolean {
  return node.type === 'literal' && node.raw === 'null';
}

function scalarOf(field: FieldSchema, node: JsonNode): Scalar | undefined {
  switch (field.type) {
    case 'int64': return numberOf(node, -(2n ** 63n), 2n ** 63n - 1n);
    case 'uint64': return numberOf(node, 0n, 2n ** 64n - 1n);
    case 'uint32': return numberOf(node, 0n, 2n ** 32n - 1n);
    case 'int64Id': return idOf(node, -(2n ** 63n), 2n ** 63n - 1n);
    case 'uint64Id': return idOf(node, 0n, 2n ** 64n - 1n);
    case 'bool': return node.type === 'literal' ? node.raw === 'true' : undefined;
    case 'string': return node.type === 'string' && !/\p{Surrogate}/u.test(node.text) ? node.text : undefined;
    case 'bytes': return node.type === 'string' ? bytesOf(node.text) : undefined;
    case 'key': return node.type === 'string' ? bytesOf(node.text)?.latin1Slice() : undefined;
    case 'enum': case 'message': return undefined;
  }
}

function idOf(node: JsonNode, min: bigint, max: bigint): bigint | undefined {
  if (node.type === 'number') return integerOf(node.raw, min, max);
  return node.type === 'string' ? integerOf(node.text, min, max) : undefined;
}

function numberOf(node: JsonNode, min: bigint, max: bigint): number | undefined {
  const id = idOf(node, min, max);
  return id === undefined ? undefined : Number(id);
}

function protoTypeOf(field: FieldSchema): string {
  switch (field.type) {
    case 'int64Id': return 'int64';
    case 'uint64Id': return 'uint64';
    case 'key': return 'bytes';
    default: return field.type;
  }
}
