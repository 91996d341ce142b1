import type { StoredVersion } from './key-value';

/**
 * The newest versions, in order of (main, sub), until the backend has committed them. They pin superseded values and
 * tombstones in memory (SAFETY.md 3): what is not in here and not current can be read from the backend.
 */
export class UnstoredTail {
  private rows: StoredVersion[] = [];
  /** Rows before this were handed out by `take`. */
  private taken = 0;
  /** Rows from here on belong to a revision that is not published yet. */
  private published = 0;

  get length(): number {
    return this.rows.length;
  }

  push(version: StoredVersion): void {
    this.rows.push(version);
  }

  publish(): void {
    this.published = this.rows.length;
  }

  /** The published rows that no call has returned before. */
  take(): StoredVersion[] {
    const rows = this.taken === 0 && this.published === this.rows.length ? this.rows.slice() : this.rows.slice(this.taken, this.published);
    this.taken = this.published;
    return rows;
  }

  /** The backend has committed all revisions up to this one. */
  dropStored(revision: number): void {
    const count = this.lowerBound(revision + 1, 0);
    if (count > this.taken) throw new Error('the backend reports revisions that it was not given');
    if (count === 0) return;
    this.rows.splice(0, count);
    this.taken -= count;
    this.published -= count;
  }

  find(main: number, sub: number): StoredVersion | undefined {
    const row = this.rows[this.lowerBound(main, sub)];
    return row !== undefined && row.main === main && row.sub === sub ? row : undefined;
  }

  /** Published rows from (main, sub) on, at most `max`. */
  from(main: number, sub: number, max: number): StoredVersion[] {
    const start = this.lowerBound(main, sub);
    return this.rows.slice(start, Math.min(start + max, this.published));
  }

  private lowerBound(main: number, sub: number): number {
    const { rows } = this;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = rows[middle];
      if (row.main < main || (row.main === main && row.sub < sub)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
