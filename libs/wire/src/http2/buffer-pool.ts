/** Sizes of pooled buffers: most turns write little on a connection, and ten thousand connections may write in one turn. */
const SIZES = [1024, 8 * 1024, 64 * 1024] as const;
/** Bytes that unused buffers of one size may hold. */
const SPARE_BYTES_MAX = 4 * 1024 * 1024;

export const POOLED_BYTES_MAX = SIZES[2];

/** Buffers for output, used again once they are written; for all connections of a server. */
export class BufferPool {
  private readonly spare: Buffer[][] = SIZES.map(() => []);

  /** A buffer of the smallest size that holds `bytes`, which are `POOLED_BYTES_MAX` at most. */
  take(bytes: number): Buffer {
    const size = bytes <= SIZES[0] ? 0 : bytes <= SIZES[1] ? 1 : 2;
    return (this.spare[size] as Buffer[]).pop() ?? Buffer.allocUnsafeSlow(SIZES[size]);
  }

  /** Gives a buffer back that nobody reads any more. */
  give(buffer: Buffer): void {
    const size = SIZES.indexOf(buffer.length as (typeof SIZES)[number]);
    const spare = this.spare[size];
    if (spare !== undefined && (spare.length + 1) * buffer.length <= SPARE_BYTES_MAX) spare.push(buffer);
  }
}
