import { FaultAt } from './fault';

const BLANKS = /[ \t]*/y;
const LINES = /(?:[ \t\r\n]|#[^\n]*)*/y;
const LINE_END = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BASIC_STRING = /"(?:[^"\\\u0000-\u0008\n\r\u000b-\u001f\u007f]|\\(?:["\\bfnrt]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*"/y;
const LITERAL_STRING = /'[^'\n\r]*'/y;
const LONG_BASIC_STRING = /"""(?:[^"\\]|\\(?:["\\bfnrt]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[ \t]*\r?\n)|"{1,2}(?!"))*"{3,5}/y;
const LONG_LITERAL_STRING = /'''(?:[^']|'{1,2}(?!'))*'{3,5}/y;
const DIGITS = '[0-9](?:_?[0-9])*';
const SCALARS: readonly RegExp[] = [
  /[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)?/y,
  /[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?/y,
  /0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*/y,
  new RegExp(`[+-]?(?:0|[1-9](?:_?[0-9])*)(?:\\.${DIGITS})?(?:[eE][+-]?${DIGITS})?`, 'y'),
  /[+-]?(?:inf|nan)|true|false/y,
];
/** What may stand behind a scalar. */
const SCALAR_END = /(?=[ \t\r\n,\]}#]|$)/y;
/** Nesting beyond this is no configuration, and would cost the thread its stack. */
const DEPTH_MAX = 200;

/** Reads the pieces of a TOML text, one after the other. */
export class TomlScan {
  offset = 0;
  private depth = 0;

  constructor(private readonly text: string) {
    if (text.startsWith('\ufeff')) this.offset = 1;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  get peek(): string {
    return this.text[this.offset] ?? '';
  }

  skipBlanks(): void {
    this.match(BLANKS);
  }

  /** Blanks, ends of lines and comments. */
  skipLines(): void {
    this.match(LINES);
  }

  endOfLine(): void {
    if (this.match(LINE_END) === undefined) throw new FaultAt(this.offset, 'nothing more may stand on this line');
  }

  take(mark: string): boolean {
    if (!this.text.startsWith(mark, this.offset)) return false;
    this.offset += mark.length;
    return true;
  }

  /** A mark with blanks around it. */
  expect(mark: string): void {
    this.skipBlanks();
    if (!this.take(mark)) throw new FaultAt(this.offset, `${mark} is due`);
    this.skipBlanks();
  }

  enter(offset: number): void {
    if (++this.depth > DEPTH_MAX) throw new FaultAt(offset, `nested deeper than ${DEPTH_MAX}`);
  }

  leave(): void {
    this.depth--;
  }

  /** The names of a dotted key. */
  dottedKey(): string[] {
    const names: string[] = [];
    do {
      this.skipBlanks();
      names.push(this.key());
      this.skipBlanks();
    } while (this.take('.'));
    return names;
  }

  scalar(): void {
    const start = this.offset;
    if (this.peek === '"' || this.peek === "'") {
      const [long, short] = this.peek === '"' ? [LONG_BASIC_STRING, BASIC_STRING] : [LONG_LITERAL_STRING, LITERAL_STRING];
      const isLong = this.text.startsWith(this.peek.repeat(3), start);
      if (this.match(isLong ? long : short) === undefined) throw new FaultAt(start, 'the string is not closed, or has a character or an escape that is not allowed');
      return;
    }
    for (const pattern of SCALARS) {
      if (this.match(pattern) !== undefined && this.match(SCALAR_END) !== undefined) return;
      this.offset = start;
    }
    throw new FaultAt(start, 'a value is due');
  }

  private key(): string {
    const start = this.offset;
    const bare = this.match(BARE_KEY) ?? this.match(BASIC_STRING) ?? this.match(LITERAL_STRING);
    if (bare === undefined) throw new FaultAt(start, 'a key is due');
    if (bare.startsWith("'")) return bare.slice(1, -1);
    return bare.startsWith('"') ? unescaped(bare) : bare;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.offset = pattern.lastIndex;
    return match[0];
  }
}

/** Of a basic string with its quotes. TOML's eight-digit escapes become what JSON's would be. */
function unescaped(text: string): string {
  const body = text.slice(1, -1).replace(/\\U([0-9a-fA-F]{8})/g, (whole, digits: string) => {
    const point = Number.parseInt(digits, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole.slice(1);
  });
  return body.replace(/\\u([0-9a-fA-F]{4})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
