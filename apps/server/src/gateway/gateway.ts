import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServedMethod } from '../etcd/method';
import { type HttpHandler, pathOf } from './http-handler';
import { serveStream } from './http-stream';
import { gatewayLimitsOf, type GatewayOptions } from './limits';
import { GatewayRoutes, isGatewayPath } from './routes';
import { answerError, serveUnary } from './unary-call';

/** etcd's JSON gateway: `/v3/…` over the methods that gRPC serves as well. Paths outside it go to `next`. */
export function createGateway(methods: readonly ServedMethod[], options: GatewayOptions): HttpHandler {
  const routes = new GatewayRoutes(methods);
  const limits = gatewayLimitsOf(options);
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const path = pathOf(request);
    if (!isGatewayPath(path)) return next();
    // A caller that goes while it is being answered is told by `close`; there is nobody to report this error to.
    response.on('error', () => undefined);
    const route = routes.find(request.method ?? 'GET', path);
    if (route.type === 'refused') return answerError(response, route.status);
    if (route.served.kind === 'unary') serveUnary(route.served, request, response, limits);
    else serveStream(route.served, request, response, limits);
  };
}
