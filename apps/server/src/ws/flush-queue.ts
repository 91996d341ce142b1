import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@quorate/api';
import { CLOCK } from '../member/tokens';

/** How long sockets are written to before the thread is given back, in milliseconds. */
const SLICE_MS = 5;

/** Something that has frames to write. */
export interface Flushable {
  flush(): void;
}

/**
 * The sockets of this member that have something to tell. They are written to after the turn in which they learned of it,
 * each once for all that the turn brought, and in slices: a change that many follow holds up neither its own answer nor
 * the cluster.
 */
@Injectable()
export class FlushQueue {
  private readonly waiting = new Set<Flushable>();
  private scheduled = false;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  add(flushable: Flushable): void {
    this.waiting.add(flushable);
    this.schedule();
  }

  remove(flushable: Flushable): void {
    this.waiting.delete(flushable);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.run());
  }

  private run(): void {
    this.scheduled = false;
    const untilMs = this.clock.monotonicMs() + SLICE_MS;
    for (const flushable of this.waiting) {
      this.waiting.delete(flushable);
      flushable.flush();
      if (this.clock.monotonicMs() >= untilMs) break;
    }
    if (this.waiting.size > 0) this.schedule();
  }
}
