import { FieldKind, type HeaderField } from './header-field';

/** What the header block of a request says, as HTTP/2 sees it. Shared by all requests with the same block. */
export class RequestHead {
  readonly method: string = '';
  readonly path: string = '';
  readonly contentType: string = '';
  /** `content-length`, or -1 without one. */
  readonly contentLength: number = -1;
  /** `grpc-timeout` as it was sent; '' without one. */
  readonly timeout: string = '';
  /** `grpc-encoding`; '' without one. */
  readonly encoding: string = '';
  /** There is metadata with bytes as its value. */
  readonly hasBinary: boolean = false;
  readonly authorities: number = 0;
  readonly hosts: number = 0;
  /** RFC 9113, 8.1.1: the stream is reset with PROTOCOL_ERROR. */
  readonly malformed: boolean = false;

  constructor(readonly fields: readonly HeaderField[]) {
    let scheme = '';
    let pseudoFields = 0;
    let seen = 0;
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at] as HeaderField;
      if (!field.valid) this.malformed = true;
      if (isPseudo(field.kind)) {
        // Each at most once, and all of them first; several authorities have an answer of their own.
        if (pseudoFields++ !== at || ((seen >> field.kind) & 1) === 1) this.malformed = true;
        if (field.kind !== FieldKind.AUTHORITY) seen |= 1 << field.kind;
      }
      switch (field.kind) {
        case FieldKind.METHOD:
          this.method = field.value;
          break;
        case FieldKind.SCHEME:
          scheme = field.value;
          break;
        case FieldKind.PATH:
          this.path = field.value;
          break;
        case FieldKind.AUTHORITY:
          this.authorities++;
          break;
        case FieldKind.HOST:
          this.hosts++;
          break;
        case FieldKind.CONTENT_TYPE:
          this.contentType = field.value;
          break;
        case FieldKind.CONTENT_LENGTH:
          this.malformed ||= !/^[0-9]{1,15}$/.test(field.value) || (this.contentLength !== -1 && this.contentLength !== Number(field.value));
          this.contentLength = Number(field.value);
          break;
        case FieldKind.TE:
          this.malformed ||= field.value !== 'trailers';
          break;
        case FieldKind.TIMEOUT:
          this.timeout = field.value;
          break;
        case FieldKind.ENCODING:
          this.encoding = field.value;
          break;
        case FieldKind.BINARY:
          this.hasBinary = true;
          break;
        case FieldKind.CONNECTION:
          this.malformed = true;
          break;
        default:
      }
    }
    this.malformed ||= this.method === '' || (this.method !== 'CONNECT' && (scheme === '' || this.path === ''));
  }

  /** The first value of a field; names in lower case. */
  value(name: string): string | undefined {
    for (const field of this.fields) if (field.name === name) return field.value;
    return undefined;
  }
}

/** Whether the fields may follow a request's body: no pseudo-fields, nothing malformed. */
export function areTrailers(fields: readonly HeaderField[]): boolean {
  return fields.every(({ kind, valid }) => valid && kind !== FieldKind.CONNECTION && !isPseudo(kind));
}

function isPseudo(kind: FieldKind): boolean {
  return kind >= FieldKind.METHOD && kind <= FieldKind.AUTHORITY;
}
