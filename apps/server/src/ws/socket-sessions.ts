import { type Clock, PlatformError, type Session } from '@quorate/api';
import type { Sessions } from '@quorate/recipes';
import type { AnswerSender } from './answer-sender';
import { asPlatformError } from './platform-error-of';

/** A session is renewed at most once in this share of its TTL, however much is heard of the client. */
const RENEWALS_PER_TTL = 6;
/** The server asks for a sign of life so often in each TTL. */
const PINGS_PER_TTL = 3;

interface Attached {
  readonly session: string;
  /** Of the frame that opened or attached it: what is told of the session carries this id. */
  readonly frameId: number;
  readonly ttlMs: number;
  renewedMs: number;
  renewing: boolean;
}

/**
 * The sessions of one socket. They are renewed by what is received from the client, never by the socket being open; a
 * socket that closes ends none of them.
 */
export class SocketSessions {
  private readonly attached = new Map<string, Attached>();
  private opening = 0;

  constructor(
    private readonly sessions: Sessions,
    private readonly clock: Clock,
    private readonly answers: AnswerSender,
    private readonly sessionsMax: number,
    /** Told how often the client has to be pinged. */
    private readonly onPingInterval: (intervalMs: number) => void,
  ) {}

  /** The session that was opened or attached last. */
  get last(): string | undefined {
    return [...this.attached.keys()].at(-1);
  }

  /** @throws PlatformError `sessions_too_many`, `ttl_too_small` */
  open(frameId: number, request: { readonly ttlSeconds: number; readonly owner: string }): Promise<Session> {
    return this.attach(frameId, () => this.sessions.open(request));
  }

  /** Goes on with a session that any member opened. @throws PlatformError `sessions_too_many`, `session_unknown` */
  reattach(frameId: number, session: string): Promise<Session> {
    return this.attach(frameId, async () => {
      await this.sessions.keepAlive(session);
      return (await this.sessions.get(session)).item;
    });
  }

  /** Something was received from the client. */
  heard(): void {
    if (this.attached.size === 0) return;
    const nowMs = this.clock.monotonicMs();
    for (const attached of this.attached.values()) {
      if (!attached.renewing && nowMs - attached.renewedMs >= attached.ttlMs / RENEWALS_PER_TTL) void this.renew(attached, nowMs);
    }
  }

  close(): void {
    this.attached.clear();
  }

  private async attach(frameId: number, take: () => Promise<Session>): Promise<Session> {
    if (this.attached.size + this.opening >= this.sessionsMax) {
      throw new PlatformError('sessions_too_many', `a socket may have ${this.sessionsMax} sessions`);
    }
    this.opening++;
    const renewedMs = this.clock.monotonicMs();
    try {
      const item = await take();
      const ttlMs = item.ttlSeconds * 1000;
      this.attached.set(item.session, { session: item.session, frameId, ttlMs, renewedMs, renewing: false });
      this.onPingInterval(ttlMs / PINGS_PER_TTL);
      return item;
    } finally {
      this.opening--;
    }
  }

  private async renew(attached: Attached, nowMs: number): Promise<void> {
    const beforeMs = attached.renewedMs;
    attached.renewing = true;
    attached.renewedMs = nowMs;
    try {
      await this.sessions.keepAlive(attached.session);
    } catch (error) {
      const told = asPlatformError(error);
      // Anything else than its end passes; the next sign of the client tries again.
      if (told.code !== 'session_unknown') attached.renewedMs = beforeMs;
      else if (this.attached.delete(attached.session)) this.answers.sendError(attached.frameId, told.body);
    } finally {
      attached.renewing = false;
    }
  }
}
