import { HeaderField, STATIC_FIELDS } from './header-field';
import { HpackTable } from './hpack-table';
import { decodeHuffman, HuffmanError } from './huffman';
import { DEFAULT_HEADER_TABLE_BYTES } from './protocol.table';

/** A block that breaks RFC 7541: the tables of both ends differ from here on, so that the connection cannot go on. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/** What a block says. */
export interface DecodedBlock {
  /** In the order of the block. */
  readonly fields: readonly HeaderField[];
  /** The list is larger than was allowed; `fields` is only its beginning. */
  readonly tooLarge: boolean;
}

/**
 * Decodes the header blocks of one connection, in order and each of them: also a block that nobody wants changes the
 * table. A list larger than the limit is read to its end but not kept, so that a small block cannot make a large list.
 */
export class HpackDecoder {
  private readonly table = new HpackTable<HeaderField>();
  private bytes: Buffer = EMPTY;
  private at = 0;
  private end = 0;

  /** What the table held: the same bytes mean the same while it stays, provided that decoding them does not change it. */
  get tableVersion(): number {
    return this.table.version;
  }

  /** @throws HpackError */
  decode(bytes: Buffer, start: number, end: number, listBytesMax: number): DecodedBlock {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    try {
      return this.decodeFields(listBytesMax);
    } catch (error) {
      if (error instanceof HuffmanError) throw new HpackError(`Huffman code: ${error.message}`);
      throw error;
    } finally {
      this.bytes = EMPTY;
    }
  }

  private decodeFields(listBytesMax: number): DecodedBlock {
    const fields: HeaderField[] = [];
    let listBytes = 0;
    let mayResize = true;
    while (this.at < this.end) {
      const byte = this.bytes[this.at] as number;
      let field: HeaderField;
      if (byte >= 0x80) {
        field = this.fieldAt(this.readInteger(7));
      } else if (byte >= 0x40) {
        field = this.readLiteral(6);
        this.table.insert(field);
      } else if (byte >= 0x20) {
        if (!mayResize) throw new HpackError('table size update after a field');
        this.resize(this.readInteger(5));
        continue;
      } else {
        field = this.readLiteral(4);
      }
      mayResize = false;
      listBytes += field.size;
      if (listBytes <= listBytesMax) fields.push(field);
    }
    return { fields, tooLarge: listBytes > listBytesMax };
  }

  private resize(sizeMax: number): void {
    if (sizeMax > DEFAULT_HEADER_TABLE_BYTES) throw new HpackError('table size update beyond the limit');
    this.table.resize(sizeMax);
  }

  private readLiteral(prefixBits: number): HeaderField {
    const nameIndex = this.readInteger(prefixBits);
    if (nameIndex === 0) {
      const name = this.readString();
      return HeaderField.named(name, this.readString());
    }
    return this.fieldAt(nameIndex).withValue(this.readString());
  }

  private fieldAt(index: number): HeaderField {
    const field = index <= STATIC_FIELDS.length ? STATIC_FIELDS[index - 1] : this.table.get(index - STATIC_FIELDS.length - 1);
    if (field === undefined) throw new HpackError(`no entry ${index}`);
    return field;
  }

  private readInteger(prefixBits: number): number {
    const prefixMax = (1 << prefixBits) - 1;
    const value = this.readByte() & prefixMax;
    return value < prefixMax ? value : this.readLongInteger(prefixMax);
  }

  /** Five octets carry more than anything that is counted here. */
  private readLongInteger(prefixMax: number): number {
    let value = prefixMax;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.readByte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError('integer too large');
  }

  private readString(): string {
    if (this.at >= this.end) throw new HpackError('block ends inside a field');
    const coded = (this.bytes[this.at] as number) >= 0x80;
    const length = this.readInteger(7);
    const start = this.at;
    if (length > this.end - start) throw new HpackError('string ends after its block');
    this.at = start + length;
    return coded ? decodeHuffman(this.bytes, start, this.at) : this.bytes.latin1Slice(start, this.at);
  }

  private readByte(): number {
    if (this.at >= this.end) throw new HpackError('block ends inside a field');
    return this.bytes[this.at++] as number;
  }
}

const EMPTY = Buffer.alloc(0);
