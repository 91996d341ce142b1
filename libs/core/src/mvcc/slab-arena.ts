/** Size of a full-grown slab; addresses are `slab * SLAB_BYTES + offset`, exact in a double. */
export const SLAB_BYTES = 1024 * 1024;
/** The first slabs are small, so that a small store costs little. */
const FIRST_SLAB_BYTES = 16 * 1024;
/** Before each record: its length and the slot that owns it, 32 bits each. */
const HEADER_BYTES = 8;

/** Who knows which record of a slot is the current one. */
export interface SlabOwner {
  addressOf(slot: number): number;
  moved(slot: number, address: number): void;
}

/**
 * Bytes of the current versions, appended to slabs of about 1 MiB and addressed by numbers. A slab is never overwritten:
 * when half of it is dead its live records are copied to a new place and the arena lets go of it, so a view that was handed
 * out stays valid for as long as somebody holds it. Address 0 is none.
 */
export class SlabArena {
  private readonly slabs: (Buffer | undefined)[] = [undefined];
  private readonly usedBytes: number[] = [0];
  private readonly liveBytes: number[] = [0];
  private readonly freeSlabs: number[] = [];
  private open = 0;
  private nextSlabBytes = FIRST_SLAB_BYTES;
  /** Bytes of all slabs that the arena holds. */
  heldBytes = 0;

  constructor(private readonly owner: SlabOwner) {}

  /** Room for a record of `length` bytes that belongs to `slot`. */
  allocate(length: number, slot: number): number {
    const address = this.reserve(length + HEADER_BYTES);
    const slab = Math.floor(address / SLAB_BYTES);
    const bytes = this.slabs[slab] as Buffer;
    const offset = address - slab * SLAB_BYTES;
    writeUint32(bytes, offset, length);
    writeUint32(bytes, offset + 4, slot);
    this.liveBytes[slab] += length + HEADER_BYTES;
    return address;
  }

  /** The slab that a record lies in. */
  bytesOf(address: number): Buffer {
    return this.slabs[Math.floor(address / SLAB_BYTES)] as Buffer;
  }

  /** Where a record's bytes start within its slab. */
  startOf(address: number): number {
    return address - Math.floor(address / SLAB_BYTES) * SLAB_BYTES + HEADER_BYTES;
  }

  /** The record is no current version any more. The owner has forgotten this address before. */
  release(address: number): void {
    const slab = Math.floor(address / SLAB_BYTES);
    const bytes = this.slabs[slab] as Buffer;
    const live = (this.liveBytes[slab] -= readUint32(bytes, address - slab * SLAB_BYTES) + HEADER_BYTES);
    if (slab === this.open) return;
    if (live === 0) this.drop(slab);
    else if (live * 2 < this.usedBytes[slab]) this.evacuate(slab);
  }

  private reserve(recordBytes: number): number {
    const used = this.usedBytes[this.open];
    const slab = this.slabs[this.open];
    if (slab !== undefined && used + recordBytes <= slab.length) {
      this.usedBytes[this.open] = used + recordBytes;
      return this.open * SLAB_BYTES + used;
    }
    // A record that fills most of a slab gets one of its own, and the open slab stays open.
    if (recordBytes > SLAB_BYTES / 4) return this.addSlab(recordBytes, recordBytes) * SLAB_BYTES;
    while (this.nextSlabBytes < recordBytes) this.nextSlabBytes *= 2;
    const closed = this.open;
    this.open = this.addSlab(this.nextSlabBytes, recordBytes);
    this.nextSlabBytes = Math.min(this.nextSlabBytes * 2, SLAB_BYTES);
    if (closed !== 0 && this.liveBytes[closed] === 0) this.drop(closed);
    return this.open * SLAB_BYTES;
  }

  private addSlab(sizeBytes: number, usedBytes: number): number {
    const slab = this.freeSlabs.pop() ?? this.slabs.length;
    this.slabs[slab] = Buffer.allocUnsafeSlow(sizeBytes);
    this.usedBytes[slab] = usedBytes;
    this.liveBytes[slab] = 0;
    this.heldBytes += sizeBytes;
    return slab;
  }

  private evacuate(slab: number): void {
    const bytes = this.slabs[slab] as Buffer;
    const used = this.usedBytes[slab];
    for (let offset = 0; offset < used;) {
      const length = readUint32(bytes, offset);
      const slot = readUint32(bytes, offset + 4);
      if (this.owner.addressOf(slot) === slab * SLAB_BYTES + offset) {
        const address = this.allocate(length, slot);
        bytes.copy(this.bytesOf(address), this.startOf(address), offset + HEADER_BYTES, offset + HEADER_BYTES + length);
        this.owner.moved(slot, address);
      }
      offset += HEADER_BYTES + length;
    }
    this.drop(slab);
  }

  private drop(slab: number): void {
    this.heldBytes -= (this.slabs[slab] as Buffer).length;
    this.slabs[slab] = undefined;
    this.usedBytes[slab] = 0;
    this.liveBytes[slab] = 0;
    this.freeSlabs.push(slab);
  }
}

function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readUint32(bytes: Buffer, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
