/** A header block that comes in several frames. */
export class HeaderAssembly {
  private fragments: Buffer[] = [];
  private bytes = 0;

  constructor(readonly streamId: number, readonly endsStream: boolean, readonly selfDependent: boolean) {}

  /** Keeps a copy of the next fragment; false where the block is larger, or in more frames, than is allowed. */
  add(bytes: Buffer, start: number, end: number, bytesMax: number, framesMax: number): boolean {
    this.bytes += end - start;
    if (this.bytes > bytesMax || this.fragments.length >= framesMax) return false;
    this.fragments.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }

  block(): Buffer {
    return Buffer.concat(this.fragments, this.bytes);
  }
}
