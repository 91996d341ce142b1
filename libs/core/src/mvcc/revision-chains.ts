const CHUNK = 4096;
const SHIFT = 12;
const MASK = CHUNK - 1;

class ChainChunk {
  readonly main = new Float64Array(CHUNK);
  /** Doubled, plus one for a tombstone. */
  readonly sub = new Uint32Array(CHUNK);
  readonly length = new Uint32Array(CHUNK);
  readonly previous = new Uint32Array(CHUNK);
  readonly jump = new Uint32Array(CHUNK);
  readonly jumpMain = new Float64Array(CHUNK);
  readonly depth = new Uint32Array(CHUNK);
}

/**
 * The superseded versions of all keys, as chains from newer to older in typed arrays: only where a version stands, not its
 * bytes. Jump pointers (Myers' skew-binary stack, 1983) find a revision in logarithmic time however long a chain is.
 *
 * A chain's old end is cut off by freeing its nodes without unlinking them. Nobody steps onto a freed node: one is freed
 * when the version after it is not above the compacted revision, and searches for later revisions stop there.
 */
export class RevisionChains {
  private readonly chunks: ChainChunk[] = [];
  private nextNode = 1;
  /** Head of the list of freed nodes, linked by `previous`. */
  private firstFree = 0;
  /** Nodes in use. */
  size = 0;

  /**
   * @param previous the next older version's node; 0 where there is none or it was freed
   * @param compacted the compacted revision: pointers to nodes not above it are not followed
   */
  add(main: number, sub: number, tombstone: boolean, length: number, previous: number, compacted: number): number {
    const node = this.take();
    const chunk = this.chunks[node >>> SHIFT];
    const at = node & MASK;
    chunk.main[at] = main;
    chunk.sub[at] = sub * 2 + (tombstone ? 1 : 0);
    chunk.length[at] = length;
    chunk.previous[at] = previous;
    const jump = previous === 0 ? 0 : this.jumpTarget(previous, compacted);
    chunk.jump[at] = jump;
    chunk.jumpMain[at] = jump === 0 ? 0 : this.main(jump);
    chunk.depth[at] = previous === 0 ? 1 : this.chunks[previous >>> SHIFT].depth[previous & MASK] + 1;
    this.size++;
    return node;
  }

  free(node: number): void {
    this.chunks[node >>> SHIFT].previous[node & MASK] = this.firstFree;
    this.firstFree = node;
    this.size--;
  }

  /** The newest version from `node` on that is not above `revision`; 0 if there is none. `revision` must not be below the compacted one. */
  find(node: number, revision: number): number {
    let current = node;
    while (current !== 0) {
      const chunk = this.chunks[current >>> SHIFT];
      const at = current & MASK;
      if (chunk.main[at] <= revision) return current;
      current = chunk.jumpMain[at] > revision ? chunk.jump[at] : chunk.previous[at];
    }
    return 0;
  }

  main(node: number): number {
    return this.chunks[node >>> SHIFT].main[node & MASK];
  }

  sub(node: number): number {
    return this.chunks[node >>> SHIFT].sub[node & MASK] >>> 1;
  }

  tombstone(node: number): boolean {
    return (this.chunks[node >>> SHIFT].sub[node & MASK] & 1) === 1;
  }

  length(node: number): number {
    return this.chunks[node >>> SHIFT].length[node & MASK];
  }

  private jumpTarget(previous: number, compacted: number): number {
    const near = this.jumpOf(previous, compacted);
    if (near === 0) return previous;
    const far = this.jumpOf(near, compacted);
    if (far === 0) return previous;
    const even = this.depth(previous) - this.depth(near) === this.depth(near) - this.depth(far);
    return even ? far : previous;
  }

  private jumpOf(node: number, compacted: number): number {
    const chunk = this.chunks[node >>> SHIFT];
    return chunk.jumpMain[node & MASK] > compacted ? chunk.jump[node & MASK] : 0;
  }

  private depth(node: number): number {
    return this.chunks[node >>> SHIFT].depth[node & MASK];
  }

  private take(): number {
    const node = this.firstFree;
    if (node !== 0) {
      this.firstFree = this.chunks[node >>> SHIFT].previous[node & MASK];
      return node;
    }
    if (this.nextNode >>> SHIFT === this.chunks.length) this.chunks.push(new ChainChunk());
    return this.nextNode++;
  }
}
