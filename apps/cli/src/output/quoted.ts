import type { ByteString } from '@quorate/api';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"', '\\': '\\\\', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v',
};

/** Bytes as a Go string literal, which is how the `fields` format shows them: valid UTF-8 stays readable. */
export function quoted(bytes: ByteString): string {
  let text = '';
  for (const part of utf8Parts(bytes)) text += typeof part === 'number' ? hexEscape(part) : escaped(part);
  return `"${text}"`;
}

/** Every byte as `\xNN` (`--hex`). */
export function hexText(bytes: ByteString): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += hexEscape(bytes.charCodeAt(at));
  return text;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

function escaped(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const point = character.codePointAt(0) as number;
  if (point < 0x20 || point === 0x7f) return hexEscape(point);
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) return character;
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
}

/** Characters, and the bytes that belong to none. */
function* utf8Parts(bytes: ByteString): Iterable<string | number> {
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes.charCodeAt(at));
    const character = Buffer.from(bytes.slice(at, at + length), 'latin1').utf8Slice();
    if (length > 0 && [...character].length === 1 && (character !== '\ufffd' || bytes.slice(at, at + 3) === '\xef\xbf\xbd')) {
      yield character;
      at += length;
    } else {
      yield bytes.charCodeAt(at);
      at++;
    }
  }
}

/** Length of a UTF-8 sequence by its first byte; 0 where none begins so. */
function characterLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}
