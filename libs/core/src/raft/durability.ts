/**
 * The queue between the synchronous object and its slow disk: which writes are on the way, and which messages wait for them.
 *
 * A report proves something only about the log as it is now. When an entry is overwritten while its write is still on the way, and the
 * overwriting one is overwritten in turn by the first (A, B, A), the report of the first write must not count for the third: B may yet
 * reach the disk after it. So every write remembers up to where its entries are still the log's, and truncation lowers that mark.
 */
import { violated } from '../base/assert';
import type { AppendJob } from './types';
import type { Message } from './message';

interface PendingJob {
  readonly sequence: number;
  readonly job: AppendJob;
  /** Through which index this write makes the present log durable. */
  coveredThrough: number;
}

interface HeldMessage {
  readonly afterSequence: number;
  readonly message: Message;
}

export interface StoredJob {
  readonly job: AppendJob;
  readonly coveredThrough: number;
}

export class Durability {
  private readonly jobs: PendingJob[] = [];
  private held: HeldMessage[] = [];
  private lastSequence = 0;
  /** Sequence of the newest job that needs a sync. */
  private lastSyncSequence = 0;

  get outstanding(): number {
    return this.jobs.length;
  }

  begin(job: AppendJob): void {
    const sequence = ++this.lastSequence;
    if (job.mustSync) this.lastSyncSequence = sequence;
    this.jobs.push({ sequence, job, coveredThrough: job.index });
  }

  /** Notes that the log was overwritten from `index` on. */
  truncatedFrom(index: number): void {
    for (const pending of this.jobs) pending.coveredThrough = Math.min(pending.coveredThrough, index - 1);
  }

  /** Takes the report of the oldest write. */
  complete(term: number, index: number): StoredJob {
    const pending = this.jobs[0];
    if (pending === undefined) violated(`write reported at term ${term} index ${index}, but none is on the way`);
    if (pending.job.term !== term || pending.job.index !== index) {
      violated(`write reported at term ${term} index ${index}, but the oldest on the way is at term ${pending.job.term} index ${pending.job.index}`);
    }
    this.jobs.shift();
    return pending;
  }

  /**
   * Keeps a message until everything that was promised before it is durable. `unsavedJobs`: how many jobs are still to be made of that.
   * Returns false when nothing has to be waited for.
   */
  hold(message: Message, unsavedJobs: number): boolean {
    const afterSequence = unsavedJobs > 0 ? this.lastSequence + unsavedJobs : this.lastSyncSequence;
    if (unsavedJobs === 0 && (this.jobs.length === 0 || this.jobs[0]!.sequence > afterSequence)) return false;
    this.held.push({ afterSequence, message });
    return true;
  }

  /** Messages whose writes are complete, in order. With nothing `unsaved` and nothing on the way that is all (truncation may have saved jobs). */
  release(unsaved: boolean): readonly Message[] {
    if (this.held.length === 0) return [];
    const storedSequence = this.jobs.length > 0 ? this.jobs[0]!.sequence - 1 : unsaved ? this.lastSequence : Infinity;
    let count = 0;
    while (count < this.held.length && this.held[count]!.afterSequence <= storedSequence) count++;
    if (count === 0) return [];
    return this.held.splice(0, count).map((entry) => entry.message);
  }
}
