/** Longer blocks are decoded each time; comparing them would cost as much. */
const BLOCK_BYTES_MAX = 512;
const SLOTS = 64;

interface Cached<Head> {
  readonly block: Buffer;
  readonly tableVersion: number;
  readonly head: Head;
}

/**
 * Header blocks of one connection that were decoded before, by their bytes. A client that indexes everything repeats the
 * same few bytes for every request, and one that indexes nothing the same few hundred. What was decoded holds only while
 * the dynamic table is as it was then, and only for blocks that do not change it. A block is kept when it is seen for
 * the second time: with a deadline in it, it may never come again.
 */
export class HeaderCache<Head> {
  private slots: (Cached<Head> | undefined)[] | undefined;
  private seen: Int32Array | undefined;

  find(bytes: Buffer, start: number, end: number, tableVersion: number): Head | undefined {
    if (this.slots === undefined || end - start > BLOCK_BYTES_MAX) return undefined;
    const cached = this.slots[hashOf(bytes, start, end) & (SLOTS - 1)];
    if (cached === undefined || cached.tableVersion !== tableVersion || cached.block.length !== end - start) return undefined;
    const { block } = cached;
    if (block.length > 48) return block.compare(bytes, start, end) === 0 ? cached.head : undefined;
    for (let at = 0; at < block.length; at++) if (block[at] !== bytes[start + at]) return undefined;
    return cached.head;
  }

  /** Keeps what a block was decoded to, with its own copy of the bytes. */
  store(bytes: Buffer, start: number, end: number, tableVersion: number, head: Head): void {
    if (end - start > BLOCK_BYTES_MAX) return;
    const hash = hashOf(bytes, start, end);
    const slot = hash & (SLOTS - 1);
    this.seen ??= new Int32Array(SLOTS);
    if (this.seen[slot] !== hash) {
      this.seen[slot] = hash;
      return;
    }
    this.slots ??= new Array<Cached<Head> | undefined>(SLOTS).fill(undefined);
    this.slots[slot] = { block: Buffer.from(bytes.subarray(start, end)), tableVersion, head };
  }
}

/** Of the length and some of the bytes: enough to tell the methods of one client apart. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  let hash = length;
  const step = length > 32 ? length >>> 4 : 1;
  for (let at = start; at < end; at += step) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
  return hash ^ (hash >>> 15);
}
