import type { IncomingMessage } from 'node:http';
import { type CancelTimer, type Clock, type KvApi, PlatformError, type Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { Sessions } from '@quorate/recipes';
import type { WebSocket } from 'ws';
import type { Principal, WsAccess } from './access';
import { AnswerSender } from './answer-sender';
import type { FlushQueue } from './flush-queue';
import { Liveness } from './liveness';
import { asPlatformError } from './platform-error-of';
import { SocketSessions } from './socket-sessions';
import { Subscriptions } from './subscriptions';
import type { WsLimits } from './ws-limits';

/** WebSocket close code: against the server's policy. */
const CLOSE_POLICY = 1008;

/** What connections stand on. */
export interface ConnectionParts {
  readonly kv: KvApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly access: WsAccess;
  readonly sessions: Sessions;
  readonly flushes: FlushQueue;
  readonly limits: WsLimits;
}

/** One client: who it is, what it follows, and whether it lives. */
export class Connection {
  readonly subscriptions: Subscriptions;
  readonly sessions: SocketSessions;
  principal: Principal | undefined;
  /** Resolves when the credentials of the upgrade have been looked at. */
  readonly greeted: Promise<void>;
  private admitted: boolean;
  private cancelAuthTimer: CancelTimer | undefined;
  private readonly answers: AnswerSender;
  private readonly liveness: Liveness;

  constructor(private readonly socket: WebSocket, request: IncomingMessage, private readonly parts: ConnectionParts) {
    const { clock, random, limits, logger, access } = parts;
    this.answers = AnswerSender.of(socket);
    this.subscriptions = new Subscriptions(socket, request.socket, clock, parts.flushes, limits, {
      progressed: () => this.liveness.sign(),
      failed: (error) => logger.error('a subscription failed', { reason: String(error) }),
    });
    this.liveness = new Liveness(socket, clock, random, limits, () => this.subscriptions.isFull);
    this.sessions = new SocketSessions(parts.sessions, clock, this.answers, limits.sessionsMax, (intervalMs) => this.liveness.pingEvery(intervalMs));
    this.admitted = !access.credentialsRequired;
    this.greeted = this.greet(request.headers.authorization);
    const heard = (): void => this.heard();
    socket.on('message', heard).on('pong', heard).on('ping', heard);
    // The library closes a socket that breaks the protocol by itself.
    socket.on('error', (error) => logger.debug('a WebSocket failed', { reason: error.message }));
  }

  /** False: it has not shown credentials yet, and needs to. */
  get isAdmitted(): boolean {
    return this.admitted;
  }

  /** @throws PlatformError `unauthenticated` */
  async authenticate(authorization: string): Promise<void> {
    this.principal = await this.parts.access.authenticate(authorization);
    this.admitted = true;
    this.cancelAuthTimer?.();
  }

  close(): void {
    this.cancelAuthTimer?.();
    this.liveness.stop();
    this.subscriptions.close();
    this.sessions.close();
  }

  private async greet(authorization: string | undefined): Promise<void> {
    if (authorization === undefined) {
      if (!this.admitted) this.awaitCredentials();
      return;
    }
    try {
      await this.authenticate(authorization);
    } catch (error) {
      this.turnAway(asPlatformError(error));
    }
  }

  private awaitCredentials(): void {
    const { clock, limits } = this.parts;
    this.cancelAuthTimer = clock.setTimer(limits.authTimeoutMs, () => {
      this.turnAway(new PlatformError('unauthenticated', 'no auth frame came in time'));
    });
  }

  private turnAway(error: PlatformError): void {
    this.answers.sendError(null, error.body);
    this.socket.close(CLOSE_POLICY, error.code);
  }

  private heard(): void {
    this.liveness.sign();
    this.sessions.heard();
  }
}
