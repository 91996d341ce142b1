import type { Codec } from '../protobuf/codec';
import { type FieldSchema, type MessageRecord, type MessageSchema, valueOf } from '../protobuf/schema';

/**
 * A message as etcd's JSON gateway prints it: names of the .proto, what is zero left out, 64-bit numbers as strings,
 * bytes in base64, enums by name.
 */
export function encodeJson<T>(codec: Codec<T>, message: T): string {
  return messageJson(codec.schema, message as MessageRecord);
}

function messageJson(schema: MessageSchema, message: MessageRecord): string {
  let json = '{';
  for (const field of schema.fields) {
    const value = valueOf(schema, field, message);
    if (value === undefined) continue;
    json += `${json.length === 1 ? '' : ','}"${field.name}":`;
    json += field.repeated ? `[${(value as unknown[]).map((item) => valueJson(field, item)).join(',')}]` : valueJson(field, value);
  }
  return `${json}}`;
}

function valueJson(field: FieldSchema, value: unknown): string {
  switch (field.type) {
    case 'int64': case 'uint64': return `"${BigInt(value as number)}"`;
    case 'int64Id': case 'uint64Id': return `"${value as bigint}"`;
    case 'uint32': case 'bool': return String(value);
    case 'string': return JSON.stringify(value);
    case 'key': return `"${Buffer.from(value as string, 'latin1').toString('base64')}"`;
    case 'bytes': return `"${(value as Buffer).toString('base64')}"`;
    case 'enum': {
      const name = field.enumNames?.[value as number];
      return name === undefined ? String(value) : `"${name}"`;
    }
    case 'message': return messageJson((field.message as () => MessageSchema)(), value as MessageRecord);
  }
}
