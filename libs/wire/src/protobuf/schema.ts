/**
 * What a protobuf message looks like, as data: drives the interpreting codec, the JSON codec and the error texts.
 * Types with `Id` in their name are carried as `bigint`, other 64-bit numbers as `number`; `key` is a `bytes` field
 * carried as a byte string.
 */
export type ScalarType =
  | 'int64' | 'int64Id' | 'uint64' | 'uint64Id' | 'uint32' | 'bool' | 'string' | 'bytes' | 'key';

export type Scalar = number | bigint | boolean | string | Buffer;

/** A decoded message of any type. */
export type MessageRecord = { [property: string]: unknown };

export interface FieldSchema {
  readonly number: number;
  /** Name in the .proto, which the JSON gateway prints. */
  readonly name: string;
  /** The other name that JSON input may use. */
  readonly jsonName: string;
  /** Property of the TypeScript type. */
  readonly property: string;
  readonly type: ScalarType | 'enum' | 'message';
  readonly repeated: boolean;
  /** A message that the TypeScript type always has: an empty one stands in where the bytes have none. */
  readonly required: boolean;
  /** Set: at most one of the fields with the same name is present, and a zero is told apart from absence. */
  readonly oneof?: string;
  /** In a union message: the value of `type` that means this field. */
  readonly variant?: string;
  /** Names of an enum's numbers 0, 1, … */
  readonly enumNames?: readonly string[];
  readonly message?: () => MessageSchema;
  /** The TypeScript type has a list of this one property instead of a list of messages. */
  readonly itemProperty?: string;
}

export interface MessageSchema {
  /** With its package: `etcdserverpb.PutRequest`. */
  readonly name: string;
  /** Name without the package, as error texts have it. */
  readonly shortName: string;
  readonly fields: readonly FieldSchema[];
  readonly byNumber: ReadonlyMap<number, FieldSchema>;
  readonly byJsonName: ReadonlyMap<string, FieldSchema>;
  /**
   * Set for a message that is one `oneof` and whose TypeScript type is `{type, [body]}`; `empty` is the `type` that
   * stands for "none set", where the TypeScript type has one.
   */
  readonly union?: { readonly body: string; readonly empty?: string };
  /** The TypeScript type keeps the message's own bytes in `encoded`. */
  readonly keepsEncoded: boolean;
}

export interface FieldOptions {
  readonly property?: string;
  readonly repeated?: boolean;
  readonly required?: boolean;
  readonly oneof?: string;
  readonly variant?: string;
  readonly itemProperty?: string;
}

export function scalarField(number: number, name: string, type: ScalarType, options: FieldOptions = {}): FieldSchema {
  return fieldOf(number, name, type, options);
}

export function enumField(number: number, name: string, enumNames: readonly string[], options: FieldOptions = {}): FieldSchema {
  return { ...fieldOf(number, name, 'enum', options), enumNames };
}

export function messageField(number: number, name: string, message: () => MessageSchema, options: FieldOptions = {}): FieldSchema {
  return { ...fieldOf(number, name, 'message', options), message };
}

export interface MessageOptions {
  readonly union?: { readonly body: string; readonly empty?: string };
  readonly keepsEncoded?: boolean;
}

/** @param fields in the order of the .proto, which JSON output keeps */
export function messageSchema(name: string, fields: readonly FieldSchema[], options: MessageOptions = {}): MessageSchema {
  const byJsonName = new Map<string, FieldSchema>();
  for (const field of fields) byJsonName.set(field.jsonName, field);
  for (const field of fields) byJsonName.set(field.name, field);
  return {
    name,
    shortName: name.slice(name.lastIndexOf('.') + 1),
    fields,
    byNumber: new Map(fields.map((field) => [field.number, field])),
    byJsonName,
    keepsEncoded: options.keepsEncoded ?? false,
    ...(options.union === undefined ? {} : { union: options.union }),
  };
}

/** The name of the field in etcd's Go structs, which its error texts use: `range_end` is `RangeEnd`. */
export function goNameOf(field: FieldSchema): string {
  return field.jsonName.charAt(0).toUpperCase() + field.jsonName.slice(1);
}

const EMPTY_BYTES = Buffer.alloc(0);

/** The value that a scalar or enum field has while nothing sets it. */
export function zeroOf(field: FieldSchema): Scalar {
  switch (field.type) {
    case 'int64': case 'uint64': case 'uint32': case 'enum': return 0;
    case 'int64Id': case 'uint64Id': return 0n;
    case 'bool': return false;
    case 'string': case 'key': return '';
    case 'bytes': return EMPTY_BYTES;
    case 'message': throw new TypeError(`${field.name} is a message`);
  }
}

export function isZero(value: unknown): boolean {
  return value === 0 || value === 0n || value === false || value === '' || (Buffer.isBuffer(value) && value.length === 0);
}

/** The field's value in a message: `undefined` where it is absent, also where absence and zero are the same. */
export function valueOf(schema: MessageSchema, field: FieldSchema, message: MessageRecord): unknown {
  if (schema.union !== undefined) return message['type'] === field.variant ? message[schema.union.body] : undefined;
  const value = message[field.property];
  if (value === undefined) return undefined;
  if (field.repeated) {
    if ((value as unknown[]).length === 0) return undefined;
    const { itemProperty } = field;
    return itemProperty === undefined ? value : (value as unknown[]).map((item) => ({ [itemProperty]: item }));
  }
  return field.oneof === undefined && field.type !== 'message' && isZero(value) ? undefined : value;
}

/** Sets the field, or adds to it where it is repeated. */
export function assign(schema: MessageSchema, field: FieldSchema, message: MessageRecord, value: unknown): void {
  if (schema.union !== undefined) {
    message['type'] = field.variant;
    message[schema.union.body] = value;
    return;
  }
  if (field.repeated) {
    const item = field.itemProperty === undefined ? value : (value as MessageRecord)[field.itemProperty];
    (message[field.property] as unknown[]).push(item);
    return;
  }
  if (field.oneof !== undefined) {
    for (const other of schema.fields) if (other.oneof === field.oneof) message[other.property] = undefined;
  }
  message[field.property] = value;
}

/** A message with nothing set. */
export function emptyOf(schema: MessageSchema): MessageRecord {
  if (schema.union !== undefined) return { type: schema.union.empty };
  const message: MessageRecord = {};
  for (const field of schema.fields) {
    if (field.repeated) message[field.property] = [];
    else if (field.type === 'message') message[field.property] = field.required && field.message !== undefined ? emptyOf(field.message()) : undefined;
    else message[field.property] = field.oneof === undefined ? zeroOf(field) : undefined;
  }
  if (schema.keepsEncoded) message['encoded'] = EMPTY_BYTES;
  return message;
}

function fieldOf(number: number, name: string, type: FieldSchema['type'], options: FieldOptions): FieldSchema {
  const jsonName = name.replace(/_+([a-zA-Z0-9])/g, (_match, letter: string) => letter.toUpperCase());
  return {
    number, name, jsonName, type,
    property: options.property ?? jsonName,
    repeated: options.repeated ?? false,
    required: options.required ?? false,
    ...(options.oneof === undefined ? {} : { oneof: options.oneof }),
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    ...(options.itemProperty === undefined ? {} : { itemProperty: options.itemProperty }),
  };
}
