import fc from 'fast-check';
import { encodeKeyValue } from './key-value';
import type { FieldSchema, MessageRecord, MessageSchema } from './schema';

/** Arbitrary messages of any schema, in the form that its decoder returns: every property there, absent ones zero. */
export function messageArbitrary(schema: MessageSchema, depth = 3): fc.Arbitrary<MessageRecord> {
  if (schema.union !== undefined) return unionArbitrary(schema, schema.union, depth);
  const properties: Record<string, fc.Arbitrary<unknown>> = {};
  const oneof = schema.fields.filter((field) => field.oneof !== undefined);
  for (const field of schema.fields) if (field.oneof === undefined) properties[field.property] = fieldArbitrary(field, depth);
  const plain = fc.record(properties);
  if (schema.keepsEncoded) return plain.map((fields) => ({ ...fields, encoded: encodeKeyValue(fields as never) }));
  if (oneof.length === 0) return plain;
  const chosen = fc.oneof(fc.constant({}), ...oneof.map((field) => valueArbitrary(field, depth).map((value) => ({ [field.property]: value }))));
  const absent = Object.fromEntries(oneof.map((field) => [field.property, undefined]));
  return fc.tuple(plain, chosen).map(([fields, one]) => ({ ...fields, ...absent, ...one }));
}

function unionArbitrary(schema: MessageSchema, { body, empty }: { body: string; empty?: string }, depth: number): fc.Arbitrary<MessageRecord> {
  const variants = schema.fields
    .filter((field) => depth > 0 || !field.name.endsWith('_txn'))
    .map((field) => valueArbitrary(field, depth).map((value): MessageRecord => ({ type: field.variant, [body]: value })));
  return empty === undefined ? fc.oneof(...variants) : fc.oneof(fc.constant<MessageRecord>({ type: empty }), ...variants);
}

function fieldArbitrary(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  if (field.repeated) {
    const { itemProperty } = field;
    const item = itemProperty === undefined
      ? valueArbitrary(field, depth)
      : valueArbitrary(field, depth).map((value) => (value as MessageRecord)[itemProperty]);
    return fc.array(item, { maxLength: depth > 1 ? 4 : 1 });
  }
  if (field.type === 'message' && !field.required) return fc.option(valueArbitrary(field, depth), { nil: undefined });
  return valueArbitrary(field, depth);
}

function valueArbitrary(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'int64': return fc.oneof(fc.constantFrom(0, -1, 1, 127, 128, 2 ** 31, 2 ** 32, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER), fc.maxSafeInteger());
    case 'uint64': return fc.oneof(fc.constantFrom(0, 1, 300, 2 ** 35), fc.maxSafeNat());
    case 'uint32': return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'int64Id': return fc.oneof(fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case 'uint64Id': return fc.oneof(fc.constantFrom(0n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    case 'enum': return fc.integer({ min: 0, max: (field.enumNames ?? []).length - 1 });
    case 'bool': return fc.boolean();
    case 'string': return fc.string({ unit: 'binary' });
    case 'key': return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).latin1Slice());
    case 'bytes': return fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    case 'message': return messageArbitrary(field.message?.() as MessageSchema, depth - 1);
  }
}
