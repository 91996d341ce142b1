import { violated } from '../base/assert';

const INITIAL_CAPACITY = 1024;
/** A position is the segment's sequence times this, plus the offset: exact up to 2^21 segments. */
const OFFSET_SPAN = 0x1_0000_0000;

/** Where an entry's frame lies. */
export interface EntryPlace {
  readonly sequence: number;
  readonly offset: number;
  /** Check of the frame before it, the seed of its own. */
  readonly seed: number;
}

interface TermRun {
  readonly term: number;
  readonly firstIndex: number;
}

/** Which entries the log holds and where: a run of indexes without gaps. 12 bytes per entry. */
export class EntryIndex {
  private positions = new Float64Array(INITIAL_CAPACITY);
  private seeds = new Int32Array(INITIAL_CAPACITY);
  /** Slot of the first entry; slots below it were trimmed. */
  private start = 0;
  private count = 0;
  private termRuns: TermRun[] = [];
  private first = 1;

  /** Index of the first entry, or of the next one if there is none. */
  get firstIndex(): number {
    return this.first;
  }

  get nextIndex(): number {
    return this.first + this.count;
  }

  /** Puts an entry at its index; what was there, and all after it, is gone. */
  put(index: number, term: number, sequence: number, offset: number, seed: number): void {
    const next = this.first + this.count;
    if (index < next && index >= this.first) this.truncateFrom(index);
    else if (index !== next) {
      if (this.count !== 0 && index > next) violated(`entry ${index} put after ${next - 1}`);
      this.reset(index);
    }
    if (this.start + this.count === this.positions.length) this.makeRoom();
    const slot = this.start + this.count;
    this.positions[slot] = sequence * OFFSET_SPAN + offset;
    this.seeds[slot] = seed;
    this.count++;
    const run = this.termRuns[this.termRuns.length - 1];
    if (run === undefined || run.term !== term) this.termRuns.push({ term, firstIndex: index });
  }

  has(index: number): boolean {
    return index >= this.first && index < this.first + this.count;
  }

  place(index: number): EntryPlace {
    if (!this.has(index)) violated(`no entry ${index}: the log holds ${this.first} to ${this.nextIndex - 1}`);
    const slot = this.start + index - this.first;
    const position = this.positions[slot]!;
    const sequence = Math.floor(position / OFFSET_SPAN);
    return { sequence, offset: position - sequence * OFFSET_SPAN, seed: this.seeds[slot]! };
  }

  /** The term of an entry, or undefined if it is not here. */
  term(index: number): number | undefined {
    if (!this.has(index)) return undefined;
    for (let run = this.termRuns.length - 1; run >= 0; run--) {
      if (this.termRuns[run]!.firstIndex <= index) return this.termRuns[run]!.term;
    }
    return undefined;
  }

  /**
   * Takes note that the state up to `index` is held elsewhere. A log that agrees with it stays; one that ends before it, or has another
   * entry there, is void.
   */
  markSnapshot(index: number, term: number): void {
    if (index < this.first) return;
    if (this.term(index) !== term) this.reset(index + 1);
  }

  /** Forgets the entries that lie in segments before `sequence`. */
  dropSegmentsBelow(sequence: number): void {
    const from = sequence * OFFSET_SPAN;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.positions[this.start + middle]! < from) low = middle + 1;
      else high = middle;
    }
    this.drop(low);
  }

  private drop(dropped: number): void {
    this.start += dropped;
    this.first += dropped;
    this.count -= dropped;
    while (this.termRuns.length > 1 && this.termRuns[1]!.firstIndex <= this.first) this.termRuns.shift();
  }

  private truncateFrom(index: number): void {
    this.count = index - this.first;
    while (this.termRuns.length > 0 && this.termRuns[this.termRuns.length - 1]!.firstIndex >= index) this.termRuns.pop();
  }

  private reset(nextIndex: number): void {
    this.start = 0;
    this.count = 0;
    this.first = nextIndex;
    this.termRuns = [];
  }

  private makeRoom(): void {
    const crowded = this.count * 2 > this.positions.length;
    const positions = crowded ? new Float64Array(this.positions.length * 2) : this.positions;
    const seeds = crowded ? new Int32Array(positions.length) : this.seeds;
    positions.set(this.positions.subarray(this.start, this.start + this.count));
    seeds.set(this.seeds.subarray(this.start, this.start + this.count));
    this.positions = positions;
    this.seeds = seeds;
    this.start = 0;
  }
}
