import { DEFAULT_HEADER_TABLE_BYTES } from './protocol.table';

/** What a table keeps; `size` as RFC 7541, 4.1, counts it. */
export interface TableEntry {
  readonly size: number;
}

/** The dynamic table of one direction of a connection (RFC 7541, 2.3.2). */
export class HpackTable<Entry extends TableEntry> {
  /** Changes with every insertion, eviction and resizing: what was derived from the table holds while this stays. */
  version = 0;
  sizeMax = DEFAULT_HEADER_TABLE_BYTES;
  private size = 0;
  /** Oldest first; those before `first` are evicted. */
  private readonly entries: Entry[] = [];
  private first = 0;

  get count(): number {
    return this.entries.length - this.first;
  }

  /** The newest entry is 0. */
  get(index: number): Entry | undefined {
    const at = this.entries.length - 1 - index;
    return at >= this.first ? this.entries[at] : undefined;
  }

  /** An entry larger than the table empties it, and is not kept. */
  insert(entry: Entry): void {
    this.version++;
    this.evictTo(this.sizeMax - entry.size);
    if (entry.size > this.sizeMax) return;
    this.entries.push(entry);
    this.size += entry.size;
  }

  resize(sizeMax: number): void {
    this.version++;
    this.sizeMax = sizeMax;
    this.evictTo(sizeMax);
  }

  private evictTo(size: number): void {
    while (this.size > size && this.first < this.entries.length) this.size -= (this.entries[this.first++] as Entry).size;
    // Rarely enough that the cost of a move is spread over as many insertions.
    if (this.first > 64 && this.first * 2 > this.entries.length) {
      this.entries.splice(0, this.first);
      this.first = 0;
    }
  }
}
