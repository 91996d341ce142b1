import type { Socket } from 'node:net';
import { type CancelTimer, type Clock, PlatformError } from '@quorate/api';
import type { WebSocket } from 'ws';
import { AnswerSender } from './answer-sender';
import type { Flushable, FlushQueue } from './flush-queue';
import { asPlatformError } from './platform-error-of';
import { Subscription } from './subscription';
import type { TopicFeed } from './topic-feed';
import type { WsLimits } from './ws-limits';

/** WebSocket close code: the server goes away. */
const CLOSE_GOING_AWAY = 1001;

export interface SubscriptionsListener {
  /** The client has taken some of what waited for it. */
  progressed(): void;
  /** A subscription has ended by a fault of ours. */
  failed(error: unknown): void;
}

/**
 * The subscriptions of one socket. Those that have something to tell take turns, frame by frame; nothing is pulled from
 * any of them while the socket is full, and when it stays full they give back what the store holds for them.
 */
export class Subscriptions implements Flushable {
  private readonly byId = new Map<number, Subscription>();
  private readonly readable = new Set<Subscription>();
  private readonly toLoad = new Set<Subscription>();
  private loads = 0;
  private full = false;
  private closed = false;
  private cancelParking: CancelTimer | undefined;
  private readonly sent = (): void => this.drained();

  /** @param carrier the TCP or TLS socket below */
  constructor(
    private readonly socket: WebSocket,
    private readonly carrier: Socket,
    private readonly clock: Clock,
    private readonly flushes: FlushQueue,
    private readonly limits: WsLimits,
    private readonly listener: SubscriptionsListener,
  ) {
    carrier.on('drain', this.sent);
  }

  get size(): number {
    return this.byId.size;
  }

  /** Frames wait for the client to read. */
  get isFull(): boolean {
    return this.full;
  }

  /** Takes an id; the subscription tells nothing before `start`. @throws PlatformError */
  add(id: number, feed: TopicFeed): Subscription {
    if (this.byId.has(id)) throw new PlatformError('subscription_exists', undefined, 'id');
    if (this.byId.size >= this.limits.subscriptionsMax) {
      throw new PlatformError('subscriptions_too_many', `a socket may have ${this.limits.subscriptionsMax} subscriptions`);
    }
    const subscription = new Subscription(id, feed);
    this.byId.set(id, subscription);
    return subscription;
  }

  start(subscription: Subscription): void {
    if (this.byId.get(subscription.id) !== subscription) return;
    subscription.feed.onReadable = (): void => this.markReadable(subscription);
    this.toLoad.add(subscription);
    this.startLoads();
  }

  /** False: there is none with this id. */
  remove(id: number): boolean {
    const subscription = this.byId.get(id);
    if (!subscription) return false;
    this.byId.delete(id);
    this.readable.delete(subscription);
    this.toLoad.delete(subscription);
    subscription.feed.close();
    return true;
  }

  close(): void {
    this.closed = true;
    this.flushes.remove(this);
    this.cancelParking?.();
    this.carrier.off('drain', this.sent);
    for (const id of [...this.byId.keys()]) this.remove(id);
  }

  /** Writes what there is to tell, as far as the socket takes it. */
  flush(): void {
    this.carrier.cork();
    this.takeTurns();
    this.carrier.uncork();
  }

  private startLoads(): void {
    for (const subscription of this.toLoad) {
      if (this.full || this.closed || this.loads >= this.limits.loadsMax) return;
      this.toLoad.delete(subscription);
      this.loads++;
      void this.load(subscription);
    }
  }

  private async load(subscription: Subscription): Promise<void> {
    try {
      await subscription.feed.load();
    } catch (error) {
      this.failed(subscription, error);
    }
    this.loads--;
    this.markReadable(subscription);
    this.startLoads();
  }

  private failed(subscription: Subscription, error: unknown): void {
    if (this.byId.get(subscription.id) !== subscription) return;
    this.remove(subscription.id);
    const told = asPlatformError(error);
    if (told.code === 'internal') this.listener.failed(error);
    AnswerSender.of(this.socket).sendError(subscription.id, told.body);
    if (told.code === 'stopping') this.socket.close(CLOSE_GOING_AWAY);
  }

  private markReadable(subscription: Subscription): void {
    if (this.byId.get(subscription.id) !== subscription) return;
    this.readable.add(subscription);
    this.requestFlush();
  }

  private requestFlush(): void {
    if (!this.full && !this.closed) this.flushes.add(this);
  }

  private takeTurns(): void {
    while (this.readable.size > 0) {
      for (const subscription of this.readable) {
        if (this.full || this.closed || this.socket.readyState !== this.socket.OPEN) return;
        this.tell(subscription);
      }
    }
  }

  private tell(subscription: Subscription): void {
    let frame: string | undefined;
    try {
      frame = subscription.poll();
    } catch (error) {
      return this.failed(subscription, error);
    }
    if (frame === undefined) this.settle(subscription);
    else this.send(frame);
  }

  /** It has nothing to tell for now. */
  private settle(subscription: Subscription): void {
    this.readable.delete(subscription);
    if (subscription.feed.stopped) this.failed(subscription, new PlatformError('stopping'));
    else if (subscription.feed.needsLoad) {
      this.toLoad.add(subscription);
      this.startLoads();
    }
  }

  private send(frame: string): void {
    this.socket.send(frame, this.sent);
    if (this.full || this.socket.bufferedAmount <= this.limits.bufferedBytesHigh) return;
    this.full = true;
    this.cancelParking = this.clock.setTimer(this.limits.parkAfterMs, () => this.park());
  }

  private drained(): void {
    if (!this.full || this.closed) return;
    this.listener.progressed();
    if (this.socket.bufferedAmount > this.limits.bufferedBytesLow) return;
    this.full = false;
    this.cancelParking?.();
    this.startLoads();
    this.requestFlush();
  }

  private park(): void {
    for (const subscription of this.byId.values()) {
      subscription.feed.park();
      if (subscription.feed.needsLoad) this.toLoad.add(subscription);
    }
  }
}
