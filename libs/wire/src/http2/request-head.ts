import { FieldKind, type HeaderField } from './header-field';

/** What the header block of a request says, as HTTP/2 sees it. Shared by all requests with the same block. */
export class RequestHead {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  /** `content-length`, or -1 without one. */
  readonly contentLength: number;
  /** `grpc-timeout` as it was sent; '' without one. */
  readonly timeout: string;
  /** `grpc-encoding`; '' without one. */
  readonly encoding: string;
  /** There is metadata with bytes as its value. */
  readonly hasBinary: boolean;
  readonly authorities: number;
  readonly hosts: number;
  /** RFC 9113, 8.1.1: the stream is reset with PROTOCOL_ERROR. */
  readonly malformed: boolean;

  constructor(readonly fields: readonly HeaderField[]) {
    let method = '';
    let path = '';
    let scheme = '';
    let contentType = '';
    let contentLength = -1;
    let timeout = '';
    let encoding = '';
    let authorities = 0;
    let hosts = 0;
    let hasBinary = false;
    let pseudoFields = 0;
    let malformed = false;
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at] as HeaderField;
      if (!field.valid) malformed = true;
      if (field.kind >= FieldKind.METHOD && field.kind <= FieldKind.AUTHORITY && pseudoFields++ !== at) malformed = true;
      switch (field.kind) {
        case FieldKind.METHOD:
          malformed ||= method !== '';
          method = field.value;
          break;
        case FieldKind.SCHEME:
          malformed ||= scheme !== '';
          scheme = field.value;
          break;
        case FieldKind.PATH:
          malformed ||= path !== '';
          path = field.value;
          break;
        case FieldKind.AUTHORITY:
          authorities++;
          break;
        case FieldKind.HOST:
          hosts++;
          break;
        case FieldKind.CONTENT_TYPE:
          contentType = field.value;
          break;
        case FieldKind.CONTENT_LENGTH:
          malformed ||= !/^[0-9]{1,15}$/.test(field.value) || (contentLength !== -1 && contentLength !== Number(field.value));
          contentLength = Number(field.value);
          break;
        case FieldKind.TE:
          malformed ||= field.value !== 'trailers';
          break;
        case FieldKind.TIMEOUT:
          timeout = field.value;
          break;
        case FieldKind.ENCODING:
          encoding = field.value;
          break;
        case FieldKind.BINARY:
          hasBinary = true;
          break;
        case FieldKind.CONNECTION:
          malformed = true;
          break;
        default:
      }
    }
    this.method = method;
    this.path = path;
    this.contentType = contentType;
    this.contentLength = contentLength;
    this.timeout = timeout;
    this.encoding = encoding;
    this.hasBinary = hasBinary;
    this.authorities = authorities;
    this.hosts = hosts;
    this.malformed = malformed || method === '' || (method !== 'CONNECT' && (scheme === '' || path === ''));
  }

  /** The first value of a field; names in lower case. */
  value(name: string): string | undefined {
    for (const field of this.fields) if (field.name === name) return field.value;
    return undefined;
  }
}

/** Whether the fields may follow a request's body: no pseudo-fields, nothing malformed. */
export function areTrailers(fields: readonly HeaderField[]): boolean {
  return fields.every(({ kind, valid }) => valid && kind !== FieldKind.CONNECTION && (kind < FieldKind.METHOD || kind > FieldKind.AUTHORITY));
}
