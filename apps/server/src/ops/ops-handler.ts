import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Replica } from '@quorate/core';
import { answerText, type HttpHandler } from '../gateway/http-handler';
import { guardConnections, HTTP_SERVER_OPTIONS } from '../gateway/http-server';
import { debugVarsText } from './debug-vars';
import { healthRoutes } from './health-handlers';
import type { MetricsRegistry } from './metrics-registry';
import { type OpsRoute, routesHandler } from './ops-route';

export interface OpsOptions {
  readonly replica: Replica;
  readonly metrics: MetricsRegistry;
  /** API level of etcd, as `3.6.x`. */
  readonly apiVersion: string;
}

/** `/version`, `/health`, `/livez`, `/readyz`, `/metrics` and `/debug/vars`; everything else goes on. */
export function createOpsHandler(options: OpsOptions): HttpHandler {
  const { replica } = options;
  return routesHandler(new Map<string, OpsRoute>([
    ...probeRoutes(options),
    ['/version', { getOnly: true, serve: (_query, response) => answer(response, 'application/json', versionText(options)) }],
    ['/debug/vars', { getOnly: false, serve: (_query, response) => answer(response, 'application/json; charset=utf-8', debugVarsText(replica)) }],
  ]));
}

/** What `--listen-metrics-urls` serve: metrics and health, nothing else. */
export function createMetricsHandler(options: OpsOptions): HttpHandler {
  return routesHandler(probeRoutes(options));
}

/** A server for one of `--listen-metrics-urls`, not listening yet. */
export function createMetricsServer(options: OpsOptions): Server {
  const handler = createMetricsHandler(options);
  const server = createServer(HTTP_SERVER_OPTIONS, (request, response) => {
    handler(request, response, () => answerText(response, 404, '404 page not found'));
  });
  guardConnections(server);
  return server;
}

function probeRoutes({ replica, metrics }: OpsOptions): ReadonlyMap<string, OpsRoute> {
  return new Map<string, OpsRoute>([
    ...healthRoutes(replica, metrics),
    ['/metrics', { getOnly: false, serve: async (_query, response) => answer(response, metrics.contentType, await metrics.text()) }],
  ]);
}

function versionText({ replica, apiVersion }: OpsOptions): string {
  const storage = `${apiVersion.split('.').slice(0, 2).join('.')}.0`;
  return JSON.stringify({ etcdserver: apiVersion, etcdcluster: replica.readings().clusterVersion ?? 'not_decided', storage });
}

function answer(response: ServerResponse, contentType: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': bytes.length });
  response.end(bytes);
}
