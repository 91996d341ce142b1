import type { CancelTimer, Clock } from '@quorate/api';
import { type Backend, type BackendBatch, BackendFullError } from '../ports/backend';
import type { Logger } from '../ports/logger';
import type { Durations } from './measures';

/** Time between two attempts to store a batch that did not fit. */
const FULL_RETRY_MS = 1000;
/** Bytes of entries between two checkpoints at most, however few entries they are: the log keeps them until then. */
const CHECKPOINT_BYTES_MAX = 64 * 1024 * 1024;

/** Where the batches come from. */
export interface BatchSource {
  /** Everything applied since the last call; `undefined` if nothing was. */
  takeBatch(): BackendBatch | undefined;
  /** Bytes of the entries whose effects are in the batch taken last. */
  readonly batchEntryBytes: number;
  /** The batch is committed: what was pinned for it may go. */
  batchStored(batch: BackendBatch): void;
}

export interface StoreWriterOptions {
  readonly backend: Backend;
  readonly source: BatchSource;
  readonly clock: Clock;
  readonly commits: Durations;
  readonly logger: Logger;
  /** Applied effects wait this long for others to share their transaction. */
  readonly batchIntervalMs: number;
  /** Applied entries between two checkpoints (`--snapshot-count`). */
  readonly checkpointEntries: number;
  /** The store is durable up to this entry: the log may be trimmed below it (SAFETY.md 1). */
  checkpointed(index: number, term: number): Promise<void>;
  /** The store failed for good: the process has to end. */
  failed(error: Error): void;
}

/**
 * Brings applied effects to the store, behind the write path: one batch at a time, and every so often a checkpoint that
 * makes them durable and lets the log be trimmed. Nobody who writes waits for it.
 */
export class StoreWriter {
  private cancelTimer: CancelTimer | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  /** A batch could not be stored: none may be stored after it. */
  private ended = false;
  private committed = { index: 0, term: 0 };
  private checkpointIndex: number;
  private bytesSinceCheckpoint = 0;
  private stopRequested: () => void = () => undefined;
  private readonly stopRequest = new Promise<void>((resolve) => { this.stopRequested = resolve; });

  /** @param appliedIndex what the store held when it was loaded */
  constructor(private readonly options: StoreWriterOptions, appliedIndex: number) {
    this.checkpointIndex = appliedIndex;
  }

  /** Something was applied: store it before long. */
  schedule(): void {
    if (this.cancelTimer || this.stopped) return;
    this.cancelTimer = this.options.clock.setTimer(this.options.batchIntervalMs, () => {
      this.cancelTimer = undefined;
      void this.flush();
    });
  }

  /** Resolves when everything applied before the call is committed in the store. */
  flush(): Promise<void> {
    return this.enqueue(() => this.store());
  }

  /** Resolves when everything applied before the call is durable in the store. */
  checkpoint(): Promise<void> {
    return this.enqueue(async () => {
      await this.store();
      await this.synchronise();
    });
  }

  /** A last checkpoint, then nothing more. What does not fit stays in the log, from which the next start takes it. */
  async stop(): Promise<void> {
    this.cancelTimer?.();
    const last = this.checkpoint();
    this.stopped = true;
    this.stopRequested();
    await last;
  }

  private enqueue(step: () => Promise<void>): Promise<void> {
    if (this.stopped) return this.running;
    this.running = this.running.then(() => (this.ended ? undefined : step())).catch((error: unknown) => {
      this.ended = true;
      if (this.stopped && error instanceof BackendFullError) {
        this.options.logger.warn('the store is full; what it lacks is in the log', { reason: error.message });
        return;
      }
      this.stopped = true;
      this.options.failed(error as Error);
    });
    return this.running;
  }

  private async store(): Promise<void> {
    const batch = this.options.source.takeBatch();
    if (!batch) return;
    const startedMs = this.options.clock.monotonicMs();
    await this.whenItFits(() => this.options.backend.commit(batch));
    this.options.commits.record(this.options.clock.monotonicMs() - startedMs);
    this.bytesSinceCheckpoint += this.options.source.batchEntryBytes;
    this.options.source.batchStored(batch);
    this.committed = { index: batch.appliedIndex, term: batch.appliedTerm };
    const due = batch.appliedIndex - this.checkpointIndex >= this.options.checkpointEntries;
    if (due || this.bytesSinceCheckpoint >= CHECKPOINT_BYTES_MAX) await this.synchronise();
  }

  /** A full store is tried again, for its other users may give room back; whatever else fails is final. */
  private async whenItFits<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof BackendFullError) || this.stopped) throw error;
        this.options.logger.warn('the store is full; trying again', { reason: error.message });
        await this.retryMoment();
      }
    }
  }

  private async retryMoment(): Promise<void> {
    let cancel: CancelTimer = () => undefined;
    const later = new Promise<void>((resolve) => { cancel = this.options.clock.setTimer(FULL_RETRY_MS, resolve); });
    await Promise.race([later, this.stopRequest]);
    cancel();
  }

  private async synchronise(): Promise<void> {
    if (this.committed.index <= this.checkpointIndex) return;
    const { index, term } = this.committed;
    const durableIndex = await this.whenItFits(() => this.options.backend.sync());
    if (durableIndex < index) return;
    this.checkpointIndex = index;
    this.bytesSinceCheckpoint = 0;
    await this.options.checkpointed(index, term);
  }
}
