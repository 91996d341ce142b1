import type { ByteString, KeyValue } from '@quorate/api';

/** Reading of what is stored as JSON: anybody may have written there, so every field is looked at before it is believed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object in a stored value, or `undefined`. */
export function storedObject(kv: KeyValue): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(kv.value.utf8Slice());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

export function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

export function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every(isText);
}

export function isNumberMap(value: unknown): value is Readonly<Record<string, number>> {
  return isObject(value) && Object.values(value).every(isWhole);
}

export function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}

/** The id of a lease, as JSON carries it; `undefined` where a text is none. */
export function leaseIdOf(text: string): bigint | undefined {
  return /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) < 2n ** 63n ? BigInt(text) : undefined;
}

/** A key of the store with the range that holds only it. */
export function onlyKey(key: ByteString): { readonly key: ByteString; readonly rangeEnd: ByteString } {
  return { key, rangeEnd: '' };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
