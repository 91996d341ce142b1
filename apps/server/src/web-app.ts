import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { type INestApplication, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { type Clock, GRPC_OVERHEAD_BYTES, type Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { RunningMember } from '@quorate/runtime';
import type { ServerConfig } from './config/server-config';
import type { ServedMethod } from './etcd/method';
import { createGateway } from './gateway/gateway';
import { createHttpGuard, createUpgradeGuard } from './gateway/http-guard';
import { guardConnections, HTTP_SERVER_OPTIONS } from './gateway/http-server';
import { createGatewayUpgrade, type GatewayUpgrade } from './gateway/web-socket';
import { createOpsHandler, type OpsOptions } from './ops/ops-handler';
import { ServerModule } from './server.module';

export interface WebAppOptions {
  readonly config: ServerConfig;
  readonly member: RunningMember;
  readonly methods: readonly ServedMethod[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly ops: OpsOptions;
}

/**
 * Everything on the client port that speaks HTTP/1.1. etcd's doors stand in front of Nest and answer without its
 * machinery per request; the platform's controllers and gateways are Nest's.
 */
export class WebApp {
  private constructor(
    readonly httpServer: HttpServer,
    private readonly app: INestApplication,
    private readonly upgrades: GatewayUpgrade,
  ) {}

  static async start(options: WebAppOptions): Promise<WebApp> {
    const { config, methods } = options;
    const app = await NestFactory.create(ServerModule.forMember(options), new ExpressAdapter(), {
      logger: nestLoggerOf(options.logger), abortOnError: false,
    });
    const gatewayOptions = { receiveBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES };
    app.use(createHttpGuard(config));
    app.use(createOpsHandler(options.ops));
    if (config.enableGrpcGateway) app.use(createGateway(methods, gatewayOptions));
    await app.init();
    const express = app.getHttpAdapter().getInstance() as (request: IncomingMessage, response: unknown) => void;
    const httpServer = createServer(HTTP_SERVER_OPTIONS, express);
    guardConnections(httpServer);
    const upgrades = createGatewayUpgrade(config.enableGrpcGateway ? methods : [], gatewayOptions);
    const refusedByGuard = createUpgradeGuard(config);
    httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (refusedByGuard(request, socket) || upgrades.handleUpgrade(request, socket, head)) return;
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    return new WebApp(httpServer, app, upgrades);
  }

  /** Says goodbye to WebSockets, ends idle connections and waits for the requests under way. */
  async stop(): Promise<void> {
    this.upgrades.close();
    this.httpServer.closeIdleConnections();
    await this.app.close();
  }

  /** Breaks what is still connected. */
  destroy(): void {
    this.httpServer.closeAllConnections();
  }
}

/** Nest's own messages, in the log of the server; its start-up chatter is left to the debug level. */
function nestLoggerOf(logger: Logger): LoggerService {
  const context = (rest: unknown[]): { readonly context: string } => ({ context: String(rest.at(-1) ?? 'nest') });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(String(message), context(rest)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(String(message), context(rest)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.debug(String(message), context(rest)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(String(message), context(rest)),
    error: (message: unknown, ...rest: unknown[]) => logger.error(String(message), context(rest)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.error(String(message), context(rest)),
  };
}
