import { HUFFMAN_CODE_BITS } from './hpack.table';

const END_OF_STRING = 256;
const CODE_BITS_MAX = 30;
/** Bits of the input that one step of the decoder takes. No code is shorter, so that a step ends one symbol at most. */
const STEP_BITS = 4;
const STEPS = 1 << STEP_BITS;

/** In an entry of the step table: the node that follows (8 bits), the symbol that ended (8 bits), and whether one did. */
const SYMBOL_SHIFT = 8;
const EMITS = 1 << 16;
const INVALID = 1 << 17;

/** A string that no encoder may have written (RFC 7541, 5.2). */
export class HuffmanError extends Error {
  override readonly name = 'HuffmanError';
}

/** The code of each symbol, right-aligned. */
const codes = assignCodes();

function assignCodes(): Uint32Array {
  const assigned = new Uint32Array(HUFFMAN_CODE_BITS.length);
  let code = 0;
  for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
    code *= 2;
    HUFFMAN_CODE_BITS.forEach((length, symbol) => {
      if (length === bits) assigned[symbol] = code++;
    });
  }
  return assigned;
}

/** The code as a tree of 256 inner nodes: what follows a bit is another inner node, or a symbol (as -1 - symbol). */
function buildTree(): Int32Array {
  const tree = new Int32Array(2 * END_OF_STRING);
  let nodes = 1;
  HUFFMAN_CODE_BITS.forEach((bits, symbol) => {
    let node = 0;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const branch = 2 * node + (((codes[symbol] as number) >>> bit) & 1);
      if (bit === 0) tree[branch] = -1 - symbol;
      else node = tree[branch] ||= nodes++;
    }
  });
  return tree;
}

/** What each step does at each node. */
function buildSteps(tree: Int32Array): Uint32Array {
  const table = new Uint32Array(END_OF_STRING * STEPS);
  for (let start = 0; start < END_OF_STRING; start++) {
    for (let input = 0; input < STEPS; input++) {
      let node = start;
      let entry = 0;
      for (let bit = STEP_BITS - 1; bit >= 0; bit--) {
        const next = tree[2 * node + ((input >>> bit) & 1)] as number;
        if (next >= 0) node = next;
        else if (next === -1 - END_OF_STRING) entry |= INVALID;
        else {
          entry |= EMITS | ((-1 - next) << SYMBOL_SHIFT);
          node = 0;
        }
      }
      table[start * STEPS + input] = entry | node;
    }
  }
  return table;
}

/** Nodes at which a string may end: up to seven one bits of padding, the beginning of the end-of-string code. */
function findEnds(tree: Int32Array): Uint8Array {
  const ends = new Uint8Array(END_OF_STRING);
  let node = 0;
  for (let bits = 0; bits <= 7; bits++) {
    ends[node] = 1;
    node = tree[2 * node + 1] as number;
  }
  return ends;
}

const tree = buildTree();
const steps = buildSteps(tree);
const mayEnd = findEnds(tree);
let scratch = Buffer.allocUnsafeSlow(1024);

/**
 * Decodes bytes[start, end) into one character per byte.
 * @throws HuffmanError for the end-of-string code and for padding that is not its beginning
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string {
  // The shortest code has five bits.
  const lengthMax = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < lengthMax) scratch = Buffer.allocUnsafeSlow(2 * lengthMax);
  const text = scratch;
  let length = 0;
  let node = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const high = steps[node * STEPS + (byte >>> STEP_BITS)] as number;
    if ((high & EMITS) !== 0) text[length++] = high >>> SYMBOL_SHIFT;
    const low = steps[(high & 0xff) * STEPS + (byte & (STEPS - 1))] as number;
    if ((low & EMITS) !== 0) text[length++] = low >>> SYMBOL_SHIFT;
    if (((high | low) & INVALID) !== 0) throw new HuffmanError('end of string inside a string');
    node = low & 0xff;
  }
  if (mayEnd[node] === 0) throw new HuffmanError('wrong padding');
  return text.latin1Slice(0, length);
}

/** Bytes that the code of a string of one character per byte takes. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += HUFFMAN_CODE_BITS[text.charCodeAt(at)] as number;
  return (bits + 7) >>> 3;
}

/** Writes the code of a string of one character per byte; returns the position after it. */
export function writeHuffman(bytes: Buffer, at: number, text: string): number {
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    const bits = HUFFMAN_CODE_BITS[symbol] as number;
    // Up to 37 bits wait here, more than the bitwise operators hold.
    pending = pending * 2 ** bits + (codes[symbol] as number);
    pendingBits += bits;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      const byte = Math.floor(pending / 2 ** pendingBits);
      bytes[at++] = byte;
      pending -= byte * 2 ** pendingBits;
    }
  }
  if (pendingBits > 0) bytes[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return at;
}
