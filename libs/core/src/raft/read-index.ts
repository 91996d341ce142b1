/**
 * Linearizable reads without log entries (Raft dissertation, 6.4). The leader asks a quorum whether it still leads, in numbered rounds:
 * a read joins only a round whose heartbeats leave after the read arrived, so an acknowledgement of an earlier round says nothing about it.
 * Round numbers ascend over the whole life of the object and acknowledgements of other terms never get here.
 */

/** A read waiting at the leader; `from` is the member that asked (`context` is its batch number then). */
export interface WaitingRead {
  readonly from: bigint;
  readonly context: number;
}

export interface ReadRound {
  readonly position: number;
  /** The commit index when the round began. */
  readonly index: number;
  readonly reads: readonly WaitingRead[];
}

/** The leader's side. */
export class LeaderReads {
  /** The newest round; travels in every heartbeat. */
  position = 0;
  private waiting: WaitingRead[] = [];
  private rounds: ReadRound[] = [];

  get hasWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Rounds not yet confirmed. */
  get roundsOpen(): number {
    return this.rounds.length;
  }

  add(read: WaitingRead): void {
    this.waiting.push(read);
  }

  /** Puts all waiting reads into a new round; the caller sends heartbeats with its position afterwards. */
  begin(committed: number): void {
    this.position++;
    this.rounds.push({ position: this.position, index: committed, reads: this.waiting });
    this.waiting = [];
  }

  /** Takes out the rounds at or below the position that a quorum has confirmed. */
  confirm(position: number): readonly ReadRound[] {
    let count = 0;
    while (count < this.rounds.length && this.rounds[count]!.position <= position) count++;
    return this.rounds.splice(0, count);
  }

  /** Gives up all reads, and returns them. */
  drain(): readonly WaitingRead[] {
    const dropped = this.rounds.flatMap((round) => round.reads).concat(this.waiting);
    this.rounds = [];
    this.waiting = [];
    return dropped;
  }
}

/** The follower's side: reads travel to the leader in batches. */
export class ForwardedReads {
  private waiting: number[] = [];
  private readonly batches = new Map<number, readonly number[]>();

  /** `firstBatch` differs from start to start, so that an answer to an earlier life of this member meets no batch of this one. */
  constructor(private nextBatch: number) {}

  get hasWaiting(): boolean {
    return this.waiting.length > 0;
  }

  add(context: number): void {
    this.waiting.push(context);
  }

  /** Closes the batch that is to leave now, and returns its number. */
  begin(): number {
    const batch = this.nextBatch++;
    this.batches.set(batch, this.waiting);
    this.waiting = [];
    return batch;
  }

  /**
   * Takes the contexts that an answer settles: its own batch and all earlier ones, whose answers were lost or are late (a newer
   * confirmation is as good). Undefined for a batch that is unknown or was settled before.
   */
  take(batch: number): readonly number[] | undefined {
    if (!this.batches.has(batch)) return undefined;
    const contexts: number[] = [];
    for (const [number, batchContexts] of this.batches) {
      if (number > batch) break;
      contexts.push(...batchContexts);
      this.batches.delete(number);
    }
    return contexts;
  }

  drain(): readonly number[] {
    if (this.waiting.length === 0 && this.batches.size === 0) return [];
    const dropped = [...this.batches.values()].flat().concat(this.waiting);
    this.batches.clear();
    this.waiting = [];
    return dropped;
  }
}
