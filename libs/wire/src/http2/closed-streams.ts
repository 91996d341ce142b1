const REMEMBERED = 256;

/** How a stream ended that is still remembered. */
export type StreamClosing =
  /** By us, while the client may still send on it: what comes is ignored. */
  | 'reset'
  /** By both sides, or by the client: nothing may come. */
  | 'closed'
  /** Too long ago, or never opened. */
  | 'unknown';

/** The streams of a connection that ended last. */
export class ClosedStreams {
  /** Ids are odd: the lowest bit is free to tell how the stream ended. */
  private ids: Int32Array | undefined;
  private next = 0;

  add(id: number, wasReset: boolean): void {
    this.ids ??= new Int32Array(REMEMBERED).fill(-1);
    this.ids[this.next] = wasReset ? id : id & ~1;
    this.next = (this.next + 1) % REMEMBERED;
  }

  find(id: number): StreamClosing {
    if (this.ids === undefined) return 'unknown';
    for (const entry of this.ids) if (entry >>> 1 === id >>> 1) return (entry & 1) === 1 ? 'reset' : 'closed';
    return 'unknown';
  }
}
