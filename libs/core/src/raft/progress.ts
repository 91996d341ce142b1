/**
 * What the leader knows about one member's log, and how it sends to it (the states are those of the README's second diagram).
 *
 *   probe      one append per heartbeat interval, until the place where the logs agree is found
 *   replicate  pipelined appends, bounded by the in-flight window; `next` runs ahead of `match`
 *   snapshot   nothing is sent until the snapshot was installed or given up
 */
import type { Inflights } from './inflights';

export const ProgressState = { Probe: 0, Replicate: 1, Snapshot: 2 } as const;
export type ProgressState = (typeof ProgressState)[keyof typeof ProgressState];

export class Progress {
  state: ProgressState = ProgressState.Probe;
  /** Everything up to here is known to be durable on the member and equal to the leader's log. */
  match = 0;
  /** First entry of the next append; always above `match`. */
  next: number;
  /** In state snapshot: the index of the snapshot on its way, 0 while the owner still opens one. */
  pendingSnapshot = 0;
  /** The member was heard of since the last quorum check. */
  recentActive = false;
  /** No append until a response of any kind arrives. */
  paused = false;
  /** The owner is reading older entries for this member from disk; nothing is sent before it answers. */
  readPending = false;
  /** An append is due even without entries (probing, or repeating the commit index). */
  appendDue = false;
  /** The highest commit index that was sent; lower than the truth after a loss, repaired by heartbeats. */
  sentCommit = 0;
  /** The highest ReadIndex round that the member acknowledged in this term. */
  readPosition = 0;

  constructor(readonly id: bigint, public isLearner: boolean, lastIndex: number, readonly inflights: Inflights) {
    this.next = lastIndex + 1;
  }

  /** Back to the beginning of a term: nothing is known, appends start at the end of the log. */
  reset(lastIndex: number): void {
    this.match = 0;
    this.next = lastIndex + 1;
    this.recentActive = false;
    this.readPending = false;
    this.readPosition = 0;
    this.sentCommit = 0;
    this.enter(ProgressState.Probe);
  }

  private enter(state: ProgressState): void {
    this.state = state;
    this.paused = false;
    this.appendDue = false;
    this.pendingSnapshot = 0;
    this.inflights.clear();
  }

  becomeProbe(): void {
    // Behind a snapshot that was sent, probing goes on from its end: an install whose report was lost is not repeated.
    const next = this.state === ProgressState.Snapshot ? Math.max(this.match + 1, this.pendingSnapshot + 1) : this.match + 1;
    this.enter(ProgressState.Probe);
    this.next = next;
    this.sentCommit = Math.min(this.sentCommit, next - 1);
  }

  becomeReplicate(): void {
    this.enter(ProgressState.Replicate);
    this.next = this.match + 1;
  }

  /** Waits for a snapshot: `index` is 0 until the owner has opened one. */
  becomeSnapshot(index: number): void {
    this.enter(ProgressState.Snapshot);
    this.pendingSnapshot = index;
    if (index > 0) {
      this.next = index + 1;
      this.sentCommit = index;
    }
  }

  get isPaused(): boolean {
    return this.paused || this.readPending || this.state === ProgressState.Snapshot;
  }

  /** Books an append that just left. */
  sent(entryCount: number, bytes: number): void {
    if (this.state === ProgressState.Replicate) {
      if (entryCount > 0) {
        this.next += entryCount;
        this.inflights.add(this.next - 1, bytes);
      }
      this.paused = this.inflights.full;
    } else {
      this.paused = true;
    }
  }

  /** Takes an acknowledgement; false when it says nothing new. */
  acknowledge(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    if (this.next <= index) this.next = index + 1;
    this.paused = false;
    return true;
  }

  /**
   * Takes a rejection of an append at `rejected`, with the best guess where the logs agree; false when the rejection is stale
   * (it answers an append other than the last probe, or something that was acknowledged since).
   */
  decreaseNext(rejected: number, guess: number): boolean {
    if (this.state === ProgressState.Replicate) {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
      this.sentCommit = Math.min(this.sentCommit, this.next - 1);
      return true;
    }
    if (this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, guess + 1), this.match + 1);
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    this.paused = false;
    return true;
  }
}
