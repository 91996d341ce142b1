import { DecodeError } from '../protobuf/decode-error';

/** The text of a status as the `grpc-message` header carries it: UTF-8, everything but printable ASCII (and `%`) as `%XX`. */
export function encodeGrpcMessage(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** Reverses `encodeGrpcMessage`; a `%` that begins no escape stays as it is, and broken UTF-8 becomes U+FFFD. */
export function decodeGrpcMessage(header: string): string {
  if (!header.includes('%')) return header;
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(header, 'utf8'));
  let length = 0;
  for (let at = 0; at < header.length; at++) {
    const escape = header[at] === '%' ? header.slice(at + 1, at + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(escape)) {
      bytes[length++] = parseInt(escape, 16);
      at += 2;
    } else {
      const point = header.codePointAt(at) as number;
      length += bytes.utf8Write(String.fromCodePoint(point), length);
      if (point > 0xffff) at++;
    }
  }
  return bytes.utf8Slice(0, length);
}

/** Metadata whose name ends so has bytes as its value. */
export function isBinaryMetadata(name: string): boolean {
  return name.endsWith('-bin');
}

/** The header of a `-bin` value: base64 without padding, as grpc-go writes it. */
export function encodeBinaryMetadata(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64').replace(/=+$/, '');
}

/**
 * The values of a `-bin` header: one, or several joined by commas; padding may be there or not.
 * @throws DecodeError for anything but base64
 */
export function decodeBinaryMetadata(header: string): Buffer[] {
  return header.split(',').map((part) => {
    const text = part.trim().replace(/={1,2}$/, '');
    if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) throw new DecodeError('malformed binary metadata');
    return Buffer.from(text, 'base64');
  });
}

/** Whether an ASCII metadata value may travel in a header: printable ASCII and spaces. */
export function isMetadataValue(value: string): boolean {
  return /^[ -~]*$/.test(value);
}
