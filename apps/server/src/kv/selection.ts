import { PlatformError, type TextEncoding } from '@quorate/api';
import { keyOfText, type KvSelection } from '@quorate/recipes';

interface SelectionFields {
  readonly key?: string;
  readonly prefix?: string;
  readonly keyEncoding?: TextEncoding;
}

/**
 * One key or a prefix, exactly one of them.
 * @param path where the fields stand, with its dot, for faults
 */
export function selectionOf({ key, prefix, keyEncoding = 'utf8' }: SelectionFields, path = ''): KvSelection {
  if (key !== undefined && prefix !== undefined) throw new PlatformError('field_invalid', 'either key or prefix', `${path}prefix`);
  if (prefix !== undefined) return { prefix: keyOfText(prefix, keyEncoding, `${path}prefix`) };
  return { key: singleKeyOf({ key, keyEncoding }, path) };
}

export function singleKeyOf({ key, keyEncoding = 'utf8' }: SelectionFields, path = ''): string {
  if (key === undefined) throw new PlatformError('field_required', `${path}key is required`, `${path}key`);
  if (key === '') throw new PlatformError('field_invalid', 'a key has at least one byte', `${path}key`);
  return keyOfText(key, keyEncoding, `${path}key`);
}
