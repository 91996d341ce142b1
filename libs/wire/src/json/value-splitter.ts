import { DecodeError } from '../protobuf/decode-error';

/**
 * Cuts the request body of a streaming gateway call (values one after the other, in whatever pieces they come) into
 * values, without reading them. Objects and arrays end at their bracket; anything else ends at the next space or bracket.
 */
export class JsonValueSplitter {
  /** Pieces of the value that has no end yet. */
  private parts: string[] = [];
  private partsLength = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  constructor(private readonly valueLengthMax: number) {}

  /**
   * @returns the values that are whole now
   * @throws DecodeError when one is longer than allowed
   */
  push(piece: string): string[] {
    const values: string[] = [];
    let start = 0;
    for (let at = 0; at < piece.length; at++) {
      const end = this.consume(piece.charCodeAt(at), at);
      if (end === undefined) continue;
      this.keep(piece.slice(start, end));
      start = end;
      const value = this.take();
      if (value !== undefined) values.push(value);
    }
    this.keep(piece.slice(start));
    return values;
  }

  /** What is left at the end of the body: a value without an end of its own, or one that breaks off. */
  end(): string | undefined {
    return this.take();
  }

  private keep(part: string): void {
    if (part === '') return;
    this.partsLength += part.length;
    if (this.partsLength > this.valueLengthMax) throw new DecodeError('request is too large');
    this.parts.push(part);
  }

  private take(): string | undefined {
    const value = this.parts.join('').trim();
    this.parts = [];
    this.partsLength = 0;
    return value === '' ? undefined : value;
  }

  /** Where in the piece the value ends, if it ends by this character. */
  private consume(code: number, at: number): number | undefined {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (code === 0x5c) this.escaped = true;
      else if (code === 0x22) this.inString = false;
      return undefined;
    }
    switch (code) {
      case 0x22:
        this.inString = true;
        return undefined;
      case 0x7b: case 0x5b: return this.depth++ === 0 ? at : undefined;
      case 0x7d: case 0x5d:
        this.depth = Math.max(0, this.depth - 1);
        return this.depth === 0 ? at + 1 : undefined;
      case 0x20: case 0x09: case 0x0a: case 0x0d: return this.depth === 0 ? at : undefined;
      default: return undefined;
    }
  }
}
