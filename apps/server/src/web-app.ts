import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { type Clock, GRPC_OVERHEAD_BYTES, type Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { RunningMember } from '@quorate/runtime';
import type { ServerConfig } from './config/server-config';
import { QUORATE_VERSION } from './config/version';
import type { ServedMethod } from './etcd/method';
import { createGateway } from './gateway/gateway';
import { createHttpGuard, createUpgradeGuard } from './gateway/http-guard';
import type { HttpHandler } from './gateway/http-handler';
import { guardConnections, HTTP_SERVER_OPTIONS } from './gateway/http-server';
import { createGatewayUpgrade, type GatewayUpgrade } from './gateway/web-socket';
import { createOpsHandler, type OpsOptions } from './ops/ops-handler';
import { configureRest } from './rest/configure-rest';
import { DoorRules, type DoorRulesOptions } from './rest/door-rules';
import { serveOpenApi } from './rest/openapi';
import { ServerModule } from './server.module';
import { PlatformWsAdapter } from './ws/platform-ws-adapter';

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
    private readonly app: NestExpressApplication,
    private readonly gatewaySockets: GatewayUpgrade | undefined,
  ) {}

  static async start(options: WebAppOptions): Promise<WebApp> {
    const { config, methods } = options;
    const rules = doorRulesOf(config);
    const app = await NestFactory.create<NestExpressApplication>(ServerModule.forMember({ ...options, rules }), new ExpressAdapter(), {
      logger: nestLoggerOf(options.logger), abortOnError: false, bodyParser: false,
    });
    const gatewayOptions = { receiveBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES };
    app.use(exceptPlatform(createHttpGuard(config)));
    app.use(createOpsHandler(options.ops));
    if (config.enableGrpcGateway) app.use(createGateway(methods, gatewayOptions));
    configureRest(app);
    serveOpenApi(app, QUORATE_VERSION);
    app.use(sendBrowsersToDocs);
    const platformSockets = new PlatformWsAdapter(new DoorRules(rules));
    app.useWebSocketAdapter(platformSockets);
    await app.init();
    const express = app.getHttpAdapter().getInstance() as (request: IncomingMessage, response: unknown) => void;
    const httpServer = createServer(HTTP_SERVER_OPTIONS, express);
    guardConnections(httpServer);
    const gatewaySockets = config.enableGrpcGateway ? createGatewayUpgrade(methods, gatewayOptions) : undefined;
    const refusedByGuard = createUpgradeGuard(config);
    httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (refusedByGuard(request, socket)) return;
      if (gatewaySockets?.handleUpgrade(request, socket, head) || platformSockets.handleUpgrade(request, socket, head)) return;
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    return new WebApp(httpServer, app, gatewaySockets);
  }

  /** Says goodbye to WebSockets, ends idle connections and waits for the requests under way. */
  async stop(): Promise<void> {
    this.gatewaySockets?.close();
    this.httpServer.closeIdleConnections();
    await this.app.close();
  }

  /** Breaks what is still connected. */
  destroy(): void {
    this.httpServer.closeAllConnections();
  }
}

/** The platform's API has a door of its own, which knows more than etcd's rules for hosts and origins. */
function exceptPlatform(guard: HttpHandler): HttpHandler {
  return (request, response, next) => {
    if (/^\/api(?:$|[/?])/.test(request.url ?? '')) next();
    else guard(request, response, next);
  };
}

/** Who opens the bare address is a person with a browser. */
function sendBrowsersToDocs(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  if (request.url !== '/' || request.method !== 'GET') return next();
  response.writeHead(302, { Location: '/api/docs', 'Content-Length': 0 });
  response.end();
}

/** `*`, which is etcd's default, opens etcd's own doors; the platform's API opens only to what was named. */
function doorRulesOf({ hostWhitelist, cors }: ServerConfig): DoorRulesOptions {
  const named = (list: readonly string[]): string[] => list.filter((item) => item !== '*');
  return { allowedHosts: named(hostWhitelist), allowedOrigins: named(cors) };
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
