import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { ApiError, type Clock, type KvApi, type Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import { Sessions } from '@quorate/recipes';
import type { WebSocket } from 'ws';
import { CLOCK, KV_API, LOGGER, RANDOM } from '../member/tokens';
import { WS_ACCESS, type WsAccess } from './access';
import { Connection, type ConnectionParts } from './connection';
import { FlushQueue } from './flush-queue';
import { WS_LIMITS, type WsLimits } from './ws-limits';

/** The clients of this member. */
@Injectable()
export class Connections {
  private readonly bySocket = new Map<WebSocket, Connection>();
  private readonly parts: ConnectionParts;

  constructor(
    @Inject(KV_API) kv: KvApi, @Inject(CLOCK) clock: Clock, @Inject(RANDOM) random: Random, @Inject(LOGGER) logger: Logger,
    @Inject(WS_ACCESS) access: WsAccess, @Inject(WS_LIMITS) limits: WsLimits, sessions: Sessions, flushes: FlushQueue,
  ) {
    this.parts = { kv, clock, random, logger, access, limits, sessions, flushes };
  }

  get size(): number {
    return this.bySocket.size;
  }

  open(socket: WebSocket, request: IncomingMessage): void {
    this.bySocket.set(socket, new Connection(socket, request, this.parts));
  }

  /** @throws ApiError `cancelled` where the socket is closed by now */
  of(socket: WebSocket): Connection {
    const connection = this.bySocket.get(socket);
    if (!connection) throw new ApiError('cancelled');
    return connection;
  }

  close(socket: WebSocket): void {
    this.bySocket.get(socket)?.close();
    this.bySocket.delete(socket);
  }
}
