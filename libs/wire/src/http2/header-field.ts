import { STATIC_TABLE } from './hpack.table';

/** What a server does with a field, known from its name. */
export const FieldKind = {
  /** Metadata: nothing but to be handed on. */
  PLAIN: 0,
  METHOD: 1,
  SCHEME: 2,
  PATH: 3,
  AUTHORITY: 4,
  HOST: 5,
  CONTENT_TYPE: 6,
  CONTENT_LENGTH: 7,
  TE: 8,
  TIMEOUT: 9,
  ENCODING: 10,
  BINARY: 11,
  /** Fields of an HTTP/1 connection, which HTTP/2 must not carry. */
  CONNECTION: 12,
  /** No name that HTTP/2 allows in a request. */
  MALFORMED: 13,
} as const;

export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

const KINDS: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  [':method', FieldKind.METHOD], [':scheme', FieldKind.SCHEME], [':path', FieldKind.PATH], [':authority', FieldKind.AUTHORITY],
  ['host', FieldKind.HOST], ['content-type', FieldKind.CONTENT_TYPE], ['content-length', FieldKind.CONTENT_LENGTH], ['te', FieldKind.TE],
  ['grpc-timeout', FieldKind.TIMEOUT], ['grpc-encoding', FieldKind.ENCODING],
  ['connection', FieldKind.CONNECTION], ['proxy-connection', FieldKind.CONNECTION], ['keep-alive', FieldKind.CONNECTION],
  ['transfer-encoding', FieldKind.CONNECTION], ['upgrade', FieldKind.CONNECTION],
]);

/** Tokens of RFC 9110, 5.6.2, without the capitals that HTTP/2 forbids. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** These end a field in other versions of HTTP. */
const FORBIDDEN_IN_VALUE = /[\0\r\n]/;

/** Octets that an entry of a table counts beside its name and value (RFC 7541, 4.1). */
const ENTRY_OVERHEAD_BYTES = 32;

/** One field of a header block; strings have one character per byte. */
export class HeaderField {
  /** Size in a table and in a header list, octets. */
  readonly size: number;
  readonly valid: boolean;

  constructor(readonly name: string, readonly value: string, readonly kind: FieldKind) {
    this.size = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.valid = kind !== FieldKind.MALFORMED && !FORBIDDEN_IN_VALUE.test(value);
  }

  /** A field whose name no table has. */
  static named(name: string, value: string): HeaderField {
    return new HeaderField(name, value, kindOf(name));
  }

  /** A field with the name of another. */
  withValue(value: string): HeaderField {
    return new HeaderField(this.name, value, this.kind);
  }
}

function kindOf(name: string): FieldKind {
  const known = KINDS.get(name);
  if (known !== undefined) return known;
  if (!NAME.test(name)) return FieldKind.MALFORMED;
  return name.endsWith('-bin') ? FieldKind.BINARY : FieldKind.PLAIN;
}

/** The static table; the entry at position i has the index i + 1. */
export const STATIC_FIELDS: readonly HeaderField[] = STATIC_TABLE.map(([name, value]) => HeaderField.named(name, value));
