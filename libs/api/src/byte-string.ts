/**
 * A string that carries bytes: one UTF-16 unit (0–255) per byte, as `Buffer.latin1Slice` makes it. Comparing two of them
 * with `<` orders them as `memcmp` orders their bytes, and a `Map` finds them by value, which no `Buffer` offers.
 * Keys are carried in this form everywhere between the doors and the disk.
 */
export type ByteString = string;

/** The byte string of a text: its UTF-8 bytes. */
export function byteStringOf(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').latin1Slice();
}

/** The text whose UTF-8 bytes a byte string holds; invalid sequences become U+FFFD. */
export function textOf(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').utf8Slice();
}

/** The end of the range that holds exactly the keys with this prefix; `'\0'` (all keys from the start on) where there is none. */
export function prefixEnd(prefix: ByteString): ByteString {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  return '\0';
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
