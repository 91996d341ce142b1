import { STATIC_TABLE } from './hpack.table';
import { HpackTable, type TableEntry } from './hpack-table';
import { huffmanLength, writeHuffman } from './huffman';
import { DEFAULT_HEADER_TABLE_BYTES } from './protocol.table';

/** A field to send; strings have one character per byte. */
export interface SentField {
  readonly name: string;
  readonly value: string;
  /** Worth an entry in the table: it will be sent again with the same value. */
  readonly repeats?: boolean;
}

interface SentEntry extends TableEntry {
  readonly name: string;
  readonly value: string;
}

const ENTRY_OVERHEAD_BYTES = 32;
const staticIndexes = new Map(STATIC_TABLE.map(([name, value], at) => [`${name}\0${value}`, at + 1] as const));
const staticNames = new Map([...STATIC_TABLE].map(([name], at) => [name, at + 1] as const).reverse());

/** Encodes the header blocks of one connection; every block that it makes must be sent, in the order of the calls. */
export class HpackEncoder {
  private readonly table = new HpackTable<SentEntry>();
  /** The smallest size that the table had since the last block, and must be told; -1: it did not change. */
  private smallestUntold = -1;

  /** Blocks that were made without a change of the version may be sent again while it stays. */
  get tableVersion(): number {
    return this.table.version;
  }

  /** Follows the peer's SETTINGS_HEADER_TABLE_SIZE; a table larger than the default is never used. */
  limitTable(bytes: number): void {
    const sizeMax = Math.min(bytes, DEFAULT_HEADER_TABLE_BYTES);
    if (sizeMax === this.table.sizeMax) return;
    this.smallestUntold = this.smallestUntold === -1 ? sizeMax : Math.min(this.smallestUntold, sizeMax);
    this.table.resize(sizeMax);
  }

  encode(fields: readonly SentField[]): Buffer {
    let bytesMax = 12;
    for (const { name, value } of fields) bytesMax += name.length + value.length + 18;
    const block = Buffer.allocUnsafe(bytesMax);
    let at = this.writeSizes(block);
    for (const field of fields) at = this.writeField(block, at, field);
    return block.subarray(0, at);
  }

  private writeSizes(block: Buffer): number {
    if (this.smallestUntold === -1) return 0;
    let at = 0;
    if (this.smallestUntold < this.table.sizeMax) at = writeInteger(block, at, 0x20, 5, this.smallestUntold);
    this.smallestUntold = -1;
    // Blocks that tell the size must not be taken for ones that may be sent again.
    this.table.version++;
    return writeInteger(block, at, 0x20, 5, this.table.sizeMax);
  }

  private writeField(block: Buffer, at: number, { name, value, repeats = false }: SentField): number {
    const index = this.indexOf(name, value);
    if (index !== 0) return writeInteger(block, at, 0x80, 7, index);
    const size = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    const insert = repeats && size <= this.table.sizeMax;
    const nameIndex = this.indexOfName(name);
    at = insert ? writeInteger(block, at, 0x40, 6, nameIndex) : writeInteger(block, at, 0, 4, nameIndex);
    if (nameIndex === 0) at = writeString(block, at, name);
    if (insert) this.table.insert({ name, value, size });
    return writeString(block, at, value);
  }

  private indexOf(name: string, value: string): number {
    for (let index = 0; index < this.table.count; index++) {
      const entry = this.table.get(index) as SentEntry;
      if (entry.name === name && entry.value === value) return STATIC_TABLE.length + 1 + index;
    }
    return staticIndexes.get(`${name}\0${value}`) ?? 0;
  }

  private indexOfName(name: string): number {
    const known = staticNames.get(name);
    if (known !== undefined) return known;
    for (let index = 0; index < this.table.count; index++) {
      if (this.table.get(index)?.name === name) return STATIC_TABLE.length + 1 + index;
    }
    return 0;
  }
}

function writeInteger(block: Buffer, at: number, pattern: number, prefixBits: number, value: number): number {
  const prefixMax = (1 << prefixBits) - 1;
  if (value < prefixMax) {
    block[at] = pattern | value;
    return at + 1;
  }
  block[at++] = pattern | prefixMax;
  let rest = value - prefixMax;
  for (; rest >= 0x80; rest >>>= 7) block[at++] = (rest & 0x7f) | 0x80;
  block[at] = rest;
  return at + 1;
}

function writeString(block: Buffer, at: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return writeHuffman(block, writeInteger(block, at, 0x80, 7, coded), text);
  at = writeInteger(block, at, 0, 7, text.length);
  return at + block.latin1Write(text, at);
}
