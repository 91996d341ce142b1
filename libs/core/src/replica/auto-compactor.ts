import type { CancelTimer, Clock } from '@quorate/api';

/** `--auto-compaction-mode` and `--auto-compaction-retention`; a retention of 0 switches it off. */
export type AutoCompaction =
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retentionRevisions: number };

/** How often the mode `revision` looks (etcd: `revInterval`). */
const REVISION_INTERVAL_MS = 5 * 60_000;
/** The longest time between two compactions of the mode `periodic`. */
const PERIODIC_INTERVAL_MAX_MS = 60 * 60_000;
const SAMPLES_PER_INTERVAL = 10;

export interface CompactionTarget {
  readonly currentRevision: number;
  readonly isLeader: boolean;
  compact(revision: number): Promise<void>;
}

/**
 * Compacts by itself, on the leader only. `revision` keeps the last N revisions. `periodic` keeps those of the last
 * period: it notes the revision ten times per interval and compacts at the oldest note once the notes reach back far enough.
 */
export class AutoCompactor {
  private readonly samples: number[] = [];
  private cancel: CancelTimer | undefined;
  private stopped = false;
  private lastCompactionMs: number;
  private lastRevision = 0;

  constructor(
    private readonly policy: AutoCompaction,
    private readonly clock: Clock,
    private readonly target: CompactionTarget,
    private readonly onFailure: (error: Error) => void,
  ) {
    this.lastCompactionMs = clock.monotonicMs();
  }

  start(): void {
    const { policy } = this;
    const enabled = policy.mode === 'revision' ? policy.retentionRevisions > 0 : policy.retentionMs > 0;
    if (enabled) this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private schedule(): void {
    if (this.stopped) return;
    const delayMs = this.policy.mode === 'revision' ? REVISION_INTERVAL_MS : this.sampleIntervalMs(this.policy.retentionMs);
    this.cancel = this.clock.setTimer(delayMs, () => {
      this.look().catch(this.onFailure).finally(() => this.schedule());
    });
  }

  private sampleIntervalMs(retentionMs: number): number {
    return Math.min(retentionMs, PERIODIC_INTERVAL_MAX_MS) / SAMPLES_PER_INTERVAL;
  }

  private async look(): Promise<void> {
    const revision = this.policy.mode === 'revision'
      ? this.target.currentRevision - this.policy.retentionRevisions
      : this.oldestDueSample(this.policy.retentionMs);
    if (!this.target.isLeader || revision <= 0 || revision === this.lastRevision) return;
    await this.target.compact(revision);
    this.lastRevision = revision;
    this.lastCompactionMs = this.clock.monotonicMs();
  }

  private oldestDueSample(retentionMs: number): number {
    const samplesKept = Math.floor(retentionMs / this.sampleIntervalMs(retentionMs)) + 1;
    this.samples.push(this.target.currentRevision);
    if (this.samples.length > samplesKept) this.samples.shift();
    const sinceLastMs = this.clock.monotonicMs() - this.lastCompactionMs;
    const waitMs = this.lastRevision === 0 ? retentionMs : Math.min(retentionMs, PERIODIC_INTERVAL_MAX_MS);
    return sinceLastMs >= waitMs ? (this.samples[0] as number) : 0;
  }
}
