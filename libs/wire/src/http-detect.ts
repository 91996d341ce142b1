/** What every HTTP/2 client sends first (RFC 9113, 3.4). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export type HttpVersion = 'http1' | 'http2';

/**
 * Tells HTTP/2 from HTTP/1 by the first bytes of a plain connection. `push` may be called with pieces as small as one
 * byte and answers as soon as it is sure: at the first byte that differs from the HTTP/2 preface, or at its end.
 */
export class HttpDetector {
  private matched = 0;
  private version: HttpVersion | undefined;

  /** `undefined`: more bytes are needed. The bytes stay the caller's, to be handed on to the chosen server. */
  push(bytes: Uint8Array): HttpVersion | undefined {
    for (let at = 0; at < bytes.length && this.version === undefined; at++) {
      if (bytes[at] !== HTTP2_PREFACE[this.matched]) this.version = 'http1';
      else if (++this.matched === HTTP2_PREFACE.length) this.version = 'http2';
    }
    return this.version;
  }
}
