import { HUFFMAN_CODE_BITS, STATIC_TABLE } from './hpack-tables';

/** Octets that a table entry counts beside its name and value (RFC 7541, 4.1). */
const ENTRY_OVERHEAD = 32;
/** SETTINGS_HEADER_TABLE_SIZE where a peer announces none; the generator announces none either. */
export const DEFAULT_TABLE_SIZE = 4096;
const END_OF_STRING = 256;
const CODE_BITS_MAX = 30;

/** A header block that breaks RFC 7541; the connection cannot go on after it. */
export class HpackError extends Error {}

/** What a gRPC client needs of a response's header block. */
export interface ResponseFields {
  /** `:status`, or 0 where the block has none (trailers). */
  readonly httpStatus: number;
  /** `grpc-status`, or -1 where the block has none. */
  readonly grpcStatus: number;
  /** `grpc-message` as sent, or ''. */
  readonly grpcMessage: string;
}

/** Canonical decoding tables: for each length the first code, the number of codes, and where its symbols start. */
const huffman = buildHuffmanTables();

function buildHuffmanTables(): { first: number[]; count: number[]; offset: number[]; symbols: number[] } {
  const first: number[] = [];
  const count: number[] = [];
  const offset: number[] = [];
  const symbols: number[] = [];
  let code = 0;
  for (let bits = 0; bits <= CODE_BITS_MAX; bits++) {
    const ofThisLength = HUFFMAN_CODE_BITS.flatMap((length, symbol) => (length === bits ? [symbol] : []));
    code *= 2;
    first.push(code);
    count.push(ofThisLength.length);
    offset.push(symbols.length);
    symbols.push(...ofThisLength);
    code += ofThisLength.length;
  }
  return { first, count, offset, symbols };
}

/** Decodes a Huffman-coded string (RFC 7541, 5.2) to one character per byte. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let code = 0;
  let bits = 0;
  for (let position = start; position < end; position++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((bytes[position] >> bit) & 1);
      bits++;
      if (bits > CODE_BITS_MAX) throw new HpackError('Huffman code longer than any symbol');
      const rank = code - huffman.first[bits];
      if (rank >= 0 && rank < huffman.count[bits]) {
        const symbol = huffman.symbols[huffman.offset[bits] + rank];
        if (symbol === END_OF_STRING) throw new HpackError('end-of-string symbol inside a string');
        text += String.fromCharCode(symbol);
        code = 0;
        bits = 0;
      }
    }
  }
  if (bits > 7 || code !== 2 ** bits - 1)
    throw new HpackError('Huffman padding is not a prefix of the end-of-string symbol');
  return text;
}

/**
 * Decodes the header blocks of one connection, in order, with the whole of RFC 7541: static and dynamic table, size
 * updates, Huffman coding. Blocks made only of one-byte indexes, which is what a busy server sends for nearly every
 * answer, are looked up without decoding as long as the dynamic table has not changed.
 */
export class HpackDecoder {
  private readonly entries: Array<readonly [string, string]> = [];
  private entriesSize = 0;
  private sizeLimit = DEFAULT_TABLE_SIZE;
  private readonly known = new Map<number, ResponseFields>();
  private position = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private end = 0;

  /** Fields of the block in bytes[start, end); throws `HpackError`. The result may be shared: do not keep or change it. */
  decode(bytes: Uint8Array, start: number, end: number): ResponseFields {
    const signature = indexedSignature(bytes, start, end);
    if (signature !== 0) {
      const fields = this.known.get(signature);
      if (fields !== undefined) return fields;
    }
    let httpStatus = 0;
    let grpcStatus = -1;
    let grpcMessage = '';
    this.decodeAll(bytes, start, end, (name, value) => {
      if (name === ':status') httpStatus = Number(value);
      else if (name === 'grpc-status') grpcStatus = /^\d{1,3}$/.test(value) ? Number(value) : 2;
      else if (name === 'grpc-message') grpcMessage = value;
    });
    const fields = { httpStatus, grpcStatus, grpcMessage };
    if (signature !== 0) this.known.set(signature, fields);
    return fields;
  }

  /** Calls `visit` for every field of the block, in order; throws `HpackError`. */
  decodeAll(bytes: Uint8Array, start: number, end: number, visit: (name: string, value: string) => void): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    while (this.position < this.end) {
      const byte = bytes[this.position];
      if (byte >= 0x80) {
        const [name, value] = this.entry(this.readInteger(7));
        visit(name, value);
      } else if (byte >= 0x40) {
        const field = this.readLiteral(6);
        this.insert(field);
        visit(field[0], field[1]);
      } else if (byte >= 0x20) {
        this.resize(this.readInteger(5));
      } else {
        const [name, value] = this.readLiteral(4);
        visit(name, value);
      }
    }
  }

  private readLiteral(prefixBits: number): readonly [string, string] {
    const nameIndex = this.readInteger(prefixBits);
    const name = nameIndex === 0 ? this.readString() : this.entry(nameIndex)[0];
    return [name, this.readString()];
  }

  private readInteger(prefixBits: number): number {
    const prefixMax = 2 ** prefixBits - 1;
    let value = this.readByte() & prefixMax;
    if (value < prefixMax) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.readByte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError('integer too large');
  }

  private readString(): string {
    const coded = this.position < this.end && this.bytes[this.position] >= 0x80;
    const length = this.readInteger(7);
    const start = this.position;
    if (length > this.end - start) throw new HpackError('string reaches past the end of the block');
    this.position = start + length;
    return coded
      ? decodeHuffman(this.bytes, start, this.position)
      : Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, length).toString('latin1');
  }

  private readByte(): number {
    if (this.position >= this.end) throw new HpackError('header block ends inside a field');
    return this.bytes[this.position++];
  }

  private entry(index: number): readonly [string, string] {
    if (index >= 1 && index <= STATIC_TABLE.length) return STATIC_TABLE[index - 1];
    const entry = this.entries[index - STATIC_TABLE.length - 1];
    if (entry === undefined) throw new HpackError(`index ${index} is in no table`);
    return entry;
  }

  private insert(field: readonly [string, string]): void {
    this.known.clear();
    this.entries.unshift(field);
    this.entriesSize += entrySize(field);
    this.evict();
  }

  private resize(limit: number): void {
    if (limit > DEFAULT_TABLE_SIZE) throw new HpackError('table size update above the announced limit');
    this.known.clear();
    this.sizeLimit = limit;
    this.evict();
  }

  private evict(): void {
    while (this.entriesSize > this.sizeLimit) {
      const oldest = this.entries.pop();
      if (oldest === undefined) return;
      this.entriesSize -= entrySize(oldest);
    }
  }
}

/** The bytes as one number if the block is one to four indexed fields of one byte each, otherwise 0. */
function indexedSignature(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > 4) return 0;
  let signature = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position];
    if (byte <= 0x80 || byte === 0xff) return 0;
    signature = signature * 256 + byte;
  }
  return signature;
}

function entrySize(field: readonly [string, string]): number {
  return field[0].length + field[1].length + ENTRY_OVERHEAD;
}

/**
 * Encodes gRPC request headers for one connection. The first block of a path puts its fields into the peer's table; every
 * later block of that path is a handful of index bytes, prepared once. With a peer that allows less than the default
 * table, nothing is indexed. All paths of a run stay far below 4096 octets together, so nothing is ever evicted.
 */
export class RequestHeaderEncoder {
  private readonly constantFields: ReadonlyArray<readonly [string, string]>;
  private readonly inserted: string[] = [];
  private readonly blocks = new Map<string, Buffer>();
  private indexing = true;
  private pendingSizeUpdate = false;

  constructor(authority: string) {
    this.constantFields = [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':authority', authority],
      ['content-type', 'application/grpc'],
      ['user-agent', 'quorate-bench/1'],
      ['te', 'trailers'],
    ];
  }

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE into account. */
  limitTable(size: number): void {
    if (size >= DEFAULT_TABLE_SIZE || !this.indexing) return;
    this.indexing = false;
    this.pendingSizeUpdate = true;
    this.blocks.clear();
  }

  /** The block for the next request of `path`. Every returned block must be sent, in the order of the calls. */
  blockFor(path: string): Buffer {
    const block = this.blocks.get(path);
    return block !== undefined && !this.pendingSizeUpdate ? block : this.firstBlock(path);
  }

  private fields(path: string): Array<readonly [string, string]> {
    const [method, scheme, ...rest] = this.constantFields;
    return [method, scheme, [':path', path], ...rest];
  }

  private firstBlock(path: string): Buffer {
    const octets: number[] = [];
    const fields = this.fields(path);
    if (!this.indexing) {
      for (const field of fields) writeLiteral(octets, field, 0x00, 4);
      const block = Buffer.from(octets);
      this.blocks.set(path, block);
      if (!this.pendingSizeUpdate) return block;
      this.pendingSizeUpdate = false;
      return Buffer.concat([Buffer.of(0x20), block]);
    }
    for (const field of fields) {
      if (this.indexOf(field) > 0) {
        writeInteger(octets, this.indexOf(field), 0x80, 7);
      } else {
        writeLiteral(octets, field, 0x40, 6);
        this.inserted.unshift(field.join('\n'));
      }
    }
    this.blocks.set(path, Buffer.alloc(0));
    // Every insertion moves the older entries up by one index.
    for (const known of this.blocks.keys()) this.blocks.set(known, this.indexedBlock(known));
    return Buffer.from(octets);
  }

  private indexedBlock(path: string): Buffer {
    const octets: number[] = [];
    for (const field of this.fields(path)) writeInteger(octets, this.indexOf(field), 0x80, 7);
    return Buffer.from(octets);
  }

  /** Index of an equal field, 0 if there is none. */
  private indexOf(field: readonly [string, string]): number {
    const inStatic = STATIC_TABLE.findIndex(([name, value]) => name === field[0] && value === field[1]);
    if (inStatic >= 0) return inStatic + 1;
    const inDynamic = this.inserted.indexOf(field.join('\n'));
    return inDynamic >= 0 ? STATIC_TABLE.length + 1 + inDynamic : 0;
  }
}

function writeLiteral(
  octets: number[],
  [name, value]: readonly [string, string],
  pattern: number,
  prefixBits: number,
): void {
  const nameIndex = STATIC_TABLE.findIndex(([known]) => known === name) + 1;
  writeInteger(octets, nameIndex, pattern, prefixBits);
  if (nameIndex === 0) writeString(octets, name);
  writeString(octets, value);
}

function writeString(octets: number[], text: string): void {
  writeInteger(octets, text.length, 0x00, 7);
  octets.push(...Buffer.from(text, 'latin1'));
}

function writeInteger(octets: number[], value: number, pattern: number, prefixBits: number): void {
  const prefixMax = 2 ** prefixBits - 1;
  if (value < prefixMax) {
    octets.push(pattern | value);
    return;
  }
  octets.push(pattern | prefixMax);
  let rest = value - prefixMax;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push((rest % 0x80) | 0x80);
  octets.push(rest);
}
