import { DecodeError } from '../protobuf/decode-error';
import type { JsonMember, JsonNode } from './json-node';

/** Three levels of JSON make one level of a transaction; enough for every message that the protobuf decoder takes. */
const MAX_DEPTH = 3000;

/**
 * A JSON parser (RFC 8259) that keeps what `JSON.parse` loses: digits of large numbers, duplicates and places. The error
 * texts are those of Go's encoding/json, through which etcd's gateway reads. Total: `DecodeError` or a value.
 */
export class JsonParser {
  private at = 0;
  private depth = 0;

  constructor(private readonly source: string) {}

  /** The first value; what follows it is not looked at, as the gateway does. `undefined` where there is none. */
  parseFirst(): JsonNode | undefined {
    this.space();
    return this.at === this.source.length ? undefined : this.value();
  }

  private value(): JsonNode {
    const { at } = this;
    const char = this.source[at];
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    if (char === '"') return { type: 'string', at, ...this.string() };
    if (char === '-' || (char !== undefined && char >= '0' && char <= '9')) return this.number();
    if (char === 't') return this.literal('true');
    if (char === 'f') return this.literal('false');
    if (char === 'n') return this.literal('null');
    throw this.unexpected('looking for beginning of value');
  }

  private object(): JsonNode {
    const start = this.open();
    const members: JsonMember[] = [];
    if (this.source[this.at] !== '}') {
      for (;;) {
        const { at } = this;
        if (this.source[at] !== '"') throw this.unexpected('looking for beginning of object key string');
        const { raw, text } = this.string();
        this.space();
        if (this.source[this.at] !== ':') throw this.unexpected('after object key');
        this.step();
        members.push({ name: text, at, raw, value: this.value() });
        this.space();
        if (this.source[this.at] === '}') break;
        if (this.source[this.at] !== ',') throw this.unexpected('after object key:value pair');
        this.step();
      }
    }
    this.close();
    return { type: 'object', at: start, members };
  }

  private array(): JsonNode {
    const start = this.open();
    const items: JsonNode[] = [];
    if (this.source[this.at] !== ']') {
      for (;;) {
        items.push(this.value());
        this.space();
        if (this.source[this.at] === ']') break;
        if (this.source[this.at] !== ',') throw this.unexpected('after array element');
        this.step();
      }
    }
    this.close();
    return { type: 'array', at: start, items };
  }

  private open(): number {
    const { at } = this;
    if (++this.depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    this.step();
    return at;
  }

  private close(): void {
    this.depth--;
    this.at++;
  }

  /** Passes over one character and the space after it. */
  private step(): void {
    this.at++;
    this.space();
  }

  private space(): void {
    const { source } = this;
    let { at } = this;
    for (let code = source.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = source.charCodeAt(at)) at++;
    this.at = at;
  }

  private string(): { raw: string; text: string } {
    const { source, at: start } = this;
    let escaped = false;
    for (let at = start + 1; ; at++) {
      const code = source.charCodeAt(at);
      if (code === 0x22) {
        this.at = at + 1;
        const raw = source.slice(start, at + 1);
        return { raw, text: escaped ? (JSON.parse(raw) as string) : raw.slice(1, -1) };
      }
      if (Number.isNaN(code)) throw new DecodeError('unexpected EOF');
      if (code < 0x20) throw this.unexpected('in string literal', at);
      if (code === 0x5c) {
        escaped = true;
        at = this.escape(at + 1);
      }
    }
  }

  /** Checks the escape whose letter is at `at`; where it ends. */
  private escape(at: number): number {
    const char = this.source[at];
    if (char !== 'u') {
      if (char === undefined || !'"\\/bfnrt'.includes(char)) throw this.unexpected('in string escape code', at);
      return at;
    }
    for (let digit = at + 1; digit <= at + 4; digit++) {
      if (!/^[0-9a-fA-F]$/.test(this.source[digit] ?? '')) throw this.unexpected('in \\u hexadecimal character escape', digit);
    }
    return at + 4;
  }

  private number(): JsonNode {
    const start = this.at;
    if (this.source[this.at] === '-') this.at++;
    if (this.source[this.at] === '0') this.at++;
    else this.digits('in numeric literal');
    if (this.source[this.at] === '.') {
      this.at++;
      this.digits('after decimal point in numeric literal');
    }
    if (this.source[this.at] === 'e' || this.source[this.at] === 'E') {
      this.at++;
      if (this.source[this.at] === '+' || this.source[this.at] === '-') this.at++;
      this.digits('in exponent of numeric literal');
    }
    return { type: 'number', at: start, raw: this.source.slice(start, this.at) };
  }

  private digits(where: string): void {
    const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
    if (!isDigit(this.source.charCodeAt(this.at))) throw this.unexpected(where);
    while (isDigit(this.source.charCodeAt(this.at))) this.at++;
  }

  private literal(word: string): JsonNode {
    const { at } = this;
    for (let index = 1; index < word.length; index++) {
      if (this.source[at + index] !== word[index]) throw this.unexpected(`in literal ${word} (expecting '${word[index]}')`, at + index);
    }
    this.at = at + word.length;
    return { type: 'literal', at, raw: word };
  }

  private unexpected(where: string, at = this.at): DecodeError {
    const char = this.source[at];
    if (char === undefined) return new DecodeError('unexpected EOF');
    const quoted = char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`;
    return new DecodeError(`invalid character ${quoted} ${where}`);
  }
}
