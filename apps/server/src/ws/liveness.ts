import type { CancelTimer, Clock, Random } from '@quorate/api';
import type { WebSocket } from 'ws';
import type { WsLimits } from './ws-limits';

/**
 * Pings one socket and cuts it when it shows no sign of life: a frame or a pong that came in. Where frames wait to be
 * read, that the client takes some of them is a sign as well.
 */
export class Liveness {
  private lastSignMs: number;
  private intervalMs: number;
  private cancelTimer: CancelTimer | undefined;

  /** @param isFull whether frames wait for the client to read; pings would wait behind them */
  constructor(
    private readonly socket: WebSocket,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly limits: WsLimits,
    private readonly isFull: () => boolean,
  ) {
    this.lastSignMs = clock.monotonicMs();
    this.intervalMs = limits.pingIntervalMs;
    this.schedule();
  }

  sign(): void {
    this.lastSignMs = this.clock.monotonicMs();
  }

  /** Pings at least so often from now on. */
  pingEvery(intervalMs: number): void {
    if (intervalMs >= this.intervalMs) return;
    this.intervalMs = intervalMs;
    this.cancelTimer?.();
    this.schedule();
  }

  stop(): void {
    this.cancelTimer?.();
  }

  /** Up to a tenth earlier, so that clients that came together are not all pinged together for ever. */
  private schedule(): void {
    const earlierMs = this.random.int(Math.max(1, Math.floor(this.intervalMs / 10)));
    this.cancelTimer = this.clock.setTimer(this.intervalMs - earlierMs, () => this.tick());
  }

  private tick(): void {
    if (this.clock.monotonicMs() - this.lastSignMs >= this.limits.silenceMs) return this.socket.terminate();
    if (!this.isFull() && this.socket.readyState === this.socket.OPEN) this.socket.ping();
    this.schedule();
  }
}
