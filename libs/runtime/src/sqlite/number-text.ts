const ZERO = 48;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN = 123;
const CLOSE = 125;

/** Bytes of a member with two numbers of 16 digits, its quotes, colon and comma. */
const MEMBER_BYTES_MAX = 36;
/** Numbers above 2^31 are written as a high part and seven digits, because integer division is fast only below it. */
const INT_LIMIT = 2 ** 31;
const LOW = 1e7;
const LOW_DIGITS = 7;

/**
 * Builds the ASCII text of a JSON object `{"a":b,…}` of non-negative integers below 2^53 digit by digit: a third of what
 * JavaScript's own strings cost, which turn such numbers into text as floating-point numbers.
 */
export class NumberText {
  private text = Buffer.allocUnsafe(1 << 12);
  private end = 0;

  /** Begins a new object of at most so many members; the text of the last one is overwritten. */
  begin(membersMax: number): void {
    const bytesMax = membersMax * MEMBER_BYTES_MAX + 2;
    if (bytesMax > this.text.length) this.text = Buffer.allocUnsafe(bytesMax * 2);
    this.text[0] = OPEN;
    this.end = 1;
  }

  add(a: number, b: number): void {
    const { text } = this;
    let end = this.end;
    if (end > 1) text[end++] = COMMA;
    text[end++] = QUOTE;
    end = digits(text, end, a);
    text[end++] = QUOTE;
    text[end++] = COLON;
    this.end = digits(text, end, b);
  }

  /** The finished text, in memory that the next object overwrites. */
  finish(): Buffer {
    this.text[this.end++] = CLOSE;
    return this.text.subarray(0, this.end);
  }
}

/** Writes a number and returns where it ends. */
function digits(text: Buffer, at: number, value: number): number {
  if (value < INT_LIMIT) {
    const end = at + digitCount(value);
    fill(text, at, end, value);
    return end;
  }
  const high = Math.floor(value / LOW);
  const end = digits(text, at, high) + LOW_DIGITS;
  fill(text, end - LOW_DIGITS, end, value - high * LOW);
  return end;
}

function fill(text: Buffer, from: number, to: number, value: number): void {
  let rest = value | 0;
  for (let at = to - 1; at >= from; at--) {
    const tenth = (rest / 10) | 0;
    text[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

function digitCount(value: number): number {
  if (value < 1e5) return value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : value < 1e4 ? 4 : 5;
  return value < 1e6 ? 6 : value < 1e7 ? 7 : value < 1e8 ? 8 : value < 1e9 ? 9 : 10;
}
