import type { RevisionId } from '../ports/backend';

/**
 * Keeps rows that compaction has dropped from leaving the backend while somebody who found them before still reads them.
 * A hold delays only what is dropped while it lasts, so holds that overlap without end do not stop the clean-up.
 */
export class RowHolds {
  /** In order of age. */
  private readonly holds = new Set<number>();
  private nextHold = 1;
  private waiting: { readonly before: number; readonly rows: readonly RevisionId[] }[] = [];

  hold(): number {
    const hold = this.nextHold++;
    this.holds.add(hold);
    return hold;
  }

  release(hold: number): void {
    this.holds.delete(hold);
  }

  add(rows: readonly RevisionId[]): void {
    if (rows.length > 0) this.waiting.push({ before: this.nextHold, rows });
  }

  /** The rows that nobody holds any more, in the order in which they were added. */
  take(): RevisionId[] {
    if (this.waiting.length === 0) return [];
    const [oldest = Infinity] = this.holds;
    let count = 0;
    while (count < this.waiting.length && this.waiting[count].before <= oldest) count++;
    const rows: RevisionId[] = [];
    for (const batch of this.waiting.splice(0, count)) for (const row of batch.rows) rows.push(row);
    return rows;
  }
}
