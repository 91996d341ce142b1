import { ApiError, type ErrorCode } from '@quorate/api';

interface Read {
  readonly deadlineMs: number;
  resolve(): void;
  reject(error: Error): void;
}

/** A confirmed round whose index has not been applied yet. */
interface ConfirmedRound {
  readonly index: number;
  readonly reads: readonly Read[];
}

/** What a round asks of Raft. */
export interface ReadIndexSource {
  /** A voter alone that leads: whatever it has applied is all that anybody was ever answered. */
  isSoleLeader(): boolean;
  /** Wants a call of `Reads.startRound` before long. */
  requestRound(): void;
}

/**
 * Linearizable reads, batched: all that wait when a round starts share it (ReadIndex, Raft dissertation 6.4). A read may
 * be answered once the round has told an index and this member has applied it.
 */
export class Reads {
  private waiting: Read[] = [];
  private readonly rounds = new Map<number, Read[]>();
  private confirmed: ConfirmedRound[] = [];
  private nextContext = 1;
  private appliedIndex = 0;
  private stopped: ErrorCode | undefined;

  constructor(private readonly source: ReadIndexSource, private readonly timeoutMs: number) {}

  /** Resolves when the member's state is recent enough for a read that arrives now; `undefined`: it is already. */
  linearizable(nowMs: number): Promise<void> | undefined {
    if (this.source.isSoleLeader()) return undefined;
    return this.quorumRound(nowMs);
  }

  /** Like `linearizable`, but always by a round of its own time: for those who ask whether this member still leads. */
  quorumRound(nowMs: number): Promise<void> {
    if (this.stopped) return Promise.reject(new ApiError(this.stopped));
    return new Promise((resolve, reject) => {
      this.waiting.push({ deadlineMs: nowMs + this.timeoutMs, resolve, reject });
      this.source.requestRound();
    });
  }

  /** The context of a round for everybody who waits, or `undefined` if nobody does. */
  startRound(): number | undefined {
    if (this.waiting.length === 0) return undefined;
    const context = this.nextContext++;
    this.rounds.set(context, this.waiting);
    this.waiting = [];
    return context;
  }

  /** The round may be answered from any state at or after `index`. */
  confirm(context: number, index: number): void {
    const reads = this.rounds.get(context);
    if (!reads) return;
    this.rounds.delete(context);
    if (index <= this.appliedIndex) resolveAll(reads);
    else this.confirmed.push({ index, reads });
  }

  /** The round will never be answered: its reads wait for the next one. */
  drop(context: number): void {
    const reads = this.rounds.get(context);
    if (!reads) return;
    this.rounds.delete(context);
    this.waiting = reads.concat(this.waiting);
    this.source.requestRound();
  }

  applied(index: number): void {
    this.appliedIndex = index;
    if (this.confirmed.length === 0) return;
    const due = this.confirmed.filter((round) => round.index <= index);
    if (due.length === 0) return;
    this.confirmed = this.confirmed.filter((round) => round.index > index);
    for (const round of due) resolveAll(round.reads);
  }

  expire(nowMs: number): void {
    this.waiting = expireReads(this.waiting, nowMs);
    for (const [context, reads] of this.rounds) this.rounds.set(context, expireReads(reads, nowMs));
    this.confirmed = this.confirmed.map((round) => ({ index: round.index, reads: expireReads(round.reads, nowMs) }));
  }

  /** Rejects all that wait, and whoever comes later. */
  stop(code: ErrorCode): void {
    this.stopped = code;
    const all = [this.waiting, ...this.rounds.values(), ...this.confirmed.map((round) => round.reads)];
    this.waiting = [];
    this.rounds.clear();
    this.confirmed = [];
    for (const reads of all) for (const read of reads) read.reject(new ApiError(code));
  }
}

function resolveAll(reads: readonly Read[]): void {
  for (const read of reads) read.resolve();
}

function expireReads(reads: readonly Read[], nowMs: number): Read[] {
  const kept: Read[] = [];
  for (const read of reads) {
    if (read.deadlineMs > nowMs) kept.push(read);
    else read.reject(new ApiError('timeout'));
  }
  return kept;
}
