import type { Http2Limits } from './limits';

/** Pings too early that a client may send before it is sent away. */
const PING_STRIKES_MAX = 2;
/** How often a client without calls may ping if it may not ping at all then: as seldom as nobody minds. */
const IDLE_PING_INTERVAL_MS = 2 * 3600 * 1000;

/** When a connection is pinged, and how often it may ping: the rules of grpc-go. Times are of one clock, in milliseconds. */
export class KeepAlive {
  private lastReadMs: number;
  private pingSentMs: number | undefined;
  private lastPeerPingMs = -Infinity;
  private strikes = 0;

  constructor(private readonly limits: Http2Limits, nowMs: number) {
    this.lastReadMs = nowMs;
  }

  /** Anything that is received shows that the peer is there. */
  received(nowMs: number): void {
    this.lastReadMs = nowMs;
    this.pingSentMs = undefined;
  }

  /** What is to be done now. */
  check(nowMs: number): 'nothing' | 'ping' | 'give up' {
    if (this.pingSentMs !== undefined) return nowMs - this.pingSentMs >= this.limits.keepAliveTimeoutMs ? 'give up' : 'nothing';
    if (nowMs - this.lastReadMs < this.limits.keepAliveIntervalMs) return 'nothing';
    this.pingSentMs = nowMs;
    return 'ping';
  }

  /** False: too many pings. `sentSince`: headers or data were sent since the ping before. */
  peerPinged(nowMs: number, hasStreams: boolean, sentSince: boolean): boolean {
    const { clientPingIntervalMinMs, permitPingWithoutStream } = this.limits;
    const intervalMs = hasStreams || permitPingWithoutStream ? clientPingIntervalMinMs : IDLE_PING_INTERVAL_MS;
    const early = nowMs - this.lastPeerPingMs < intervalMs;
    this.lastPeerPingMs = nowMs;
    if (sentSince) this.strikes = 0;
    else if (early) this.strikes++;
    return this.strikes <= PING_STRIKES_MAX;
  }
}
