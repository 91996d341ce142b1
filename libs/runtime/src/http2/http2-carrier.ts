import type { Socket } from 'node:net';
import { type GrpcHandlers, GrpcServer, type Http2Counters, type Http2Limits } from '@quorate/wire';
import { GzipDecompressor } from './gzip-decompressor';
import { SocketLink, type Turn } from './socket-link';

const TICK_MS_MAX = 1000;
const TICK_MS_MIN = 10;

export interface Http2CarrierOptions {
  readonly handlers: GrpcHandlers;
  /** The largest message taken. */
  readonly receiveBytesMax: number;
  /** Where they differ from etcd's defaults: streams, keep-alive, and what is asked of peers. */
  readonly limits?: Partial<Http2Limits>;
}

/**
 * Serves gRPC on connections that speak HTTP/2, plain or TLS. All that a loop turn brings for a connection leaves in one
 * write at the end of the turn.
 */
export class Http2Carrier implements Turn {
  private readonly server: GrpcServer;
  private readonly links = new Set<SocketLink>();
  private awake: SocketLink[] = [];
  private ticker: NodeJS.Timeout | undefined;
  private deadlineTimer: NodeJS.Timeout | undefined;
  private deadlineAtMs = Infinity;
  private draining = false;
  private readonly onTurnEnd = (): void => this.flush();
  private readonly onDeadline = (): void => this.expire();

  constructor({ handlers, receiveBytesMax, limits }: Http2CarrierOptions) {
    const decompressor = new GzipDecompressor();
    this.server = new GrpcServer({
      handlers, receiveBytesMax, limits,
      decompress: (bytes, _encoding, messageBytesMax) => decompressor.decompress(bytes, messageBytesMax),
    });
  }

  /** For the metrics; the object stays the same. */
  get counters(): Http2Counters {
    return this.server.counters;
  }

  /** Takes over a connection that speaks HTTP/2, from its first byte; what was read of it already is in the socket again. */
  accept(socket: Socket): void {
    const link = new SocketLink(socket, this.server, this, (closed) => this.forget(closed));
    if (socket.destroyed) return;
    this.links.add(link);
    this.ticker ??= setInterval(() => this.tick(), this.tickMs()).unref();
    if (this.draining) link.drain(performance.now());
  }

  /** Lets no new calls in; those under way end by themselves, and then their connections, or at once with `destroy`. */
  close(): void {
    this.draining = true;
    for (const link of this.links) link.drain(performance.now());
  }

  /** Ends all connections. */
  destroy(): void {
    this.draining = true;
    for (const link of [...this.links]) link.destroy();
  }

  /** A link has something to write when the turn is over. */
  add(link: SocketLink): void {
    if (this.awake.push(link) === 1) setImmediate(this.onTurnEnd);
  }

  private flush(): void {
    const nowMs = performance.now();
    const links = this.awake;
    this.awake = [];
    for (const link of links) link.flush(nowMs);
    this.setDeadlineTimer(nowMs);
  }

  private forget(link: SocketLink): void {
    this.links.delete(link);
    if (this.links.size > 0) return;
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  private tick(): void {
    const nowMs = performance.now();
    for (const link of this.links) link.tick(nowMs);
  }

  /** Often enough for the shortest of the times that are looked at. */
  private tickMs(): number {
    const { handshakeTimeoutMs, keepAliveIntervalMs, keepAliveTimeoutMs, writeStallTimeoutMs, drainNoticeMs } = this.server.limits;
    const shortestMs = Math.min(handshakeTimeoutMs, keepAliveIntervalMs, keepAliveTimeoutMs, writeStallTimeoutMs, drainNoticeMs);
    return Math.max(TICK_MS_MIN, Math.min(TICK_MS_MAX, Math.floor(shortestMs / 4)));
  }

  /** One timer for all calls, moved only when an earlier deadline appears. */
  private setDeadlineTimer(nowMs: number): void {
    const { nextMs } = this.server.deadlines;
    if (nextMs >= this.deadlineAtMs) return;
    clearTimeout(this.deadlineTimer);
    this.deadlineAtMs = nextMs;
    this.deadlineTimer = setTimeout(this.onDeadline, Math.min(Math.max(0, Math.ceil(nextMs - nowMs)), 0x7fff_ffff)).unref();
  }

  private expire(): void {
    this.deadlineAtMs = Infinity;
    const nowMs = performance.now();
    this.server.deadlines.advance(nowMs);
    this.setDeadlineTimer(nowMs);
  }
}
