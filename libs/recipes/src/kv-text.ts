import { type ByteString, type KeyValue, type KvItem, type KvKey, PlatformError, prefixEnd, type TextEncoding } from '@quorate/api';
import type { Scope } from './scope';

/** How raw keys and values are told as text: UTF-8 where the bytes are, base64 where they are not or where it is asked for. */

/** Raw keys: one key, or all with a prefix (an empty one: all there are). Takes byte strings. */
export function kvScope(select: { readonly key: ByteString } | { readonly prefix: ByteString }, encoding?: TextEncoding): Scope<KvKey, KvItem> {
  const one = 'key' in select;
  const start = one ? select.key : select.prefix;
  if (one && start === '') throw new PlatformError('field_invalid', 'a key has at least one byte', 'key');
  return {
    key: start === '' ? '\0' : start,
    rangeEnd: one ? '' : start === '' ? '\0' : prefixEnd(start),
    keyOf: kvKeyOf,
    valueOf: (_key, kv) => kvItemOf(kv, encoding),
  };
}

export function kvKeyOf(key: ByteString): KvKey {
  const { text, encoding } = textOfBytes(Buffer.from(key, 'latin1'));
  return encoding === 'utf8' ? { key: text } : { key: text, keyEncoding: 'base64' };
}

/** @param encoding `undefined`: UTF-8 if the value is UTF-8 */
export function kvItemOf(kv: KeyValue, encoding?: TextEncoding): KvItem {
  const value = textOfBytes(kv.value, encoding);
  return {
    ...kvKeyOf(kv.key), value: value.text, encoding: value.encoding, createRevision: String(kv.createRevision),
    modRevision: String(kv.modRevision), version: kv.version, ...(kv.lease !== 0n && { leaseId: String(kv.lease) }),
  };
}

/** The bytes that a text stands for. @throws PlatformError `field_invalid` where it is no base64 */
export function bytesOfText(text: string, encoding: TextEncoding, field: string): Buffer {
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) throw new PlatformError('field_invalid', 'this is not base64', field);
  return bytes;
}

/** The byte string of a key given as text. */
export function keyOfText(text: string, encoding: TextEncoding, field: string): ByteString {
  return bytesOfText(text, encoding, field).latin1Slice();
}

function textOfBytes(bytes: Buffer, wanted?: TextEncoding): { readonly text: string; readonly encoding: TextEncoding } {
  if (wanted !== 'base64') {
    const text = bytes.utf8Slice();
    // Replacement characters for broken sequences are longer than what they replace, or other bytes.
    if (Buffer.from(text, 'utf8').equals(bytes)) return { text, encoding: 'utf8' };
  }
  return { text: bytes.toString('base64'), encoding: 'base64' };
}
