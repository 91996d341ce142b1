import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText, type HttpHandler, pathOf, queryOf } from '../gateway/http-handler';

/** One path that operators and their probes ask for. */
export interface OpsRoute {
  /** Whether other verbs than GET are refused; etcd takes any where it does not look. */
  readonly getOnly: boolean;
  serve(query: URLSearchParams, response: ServerResponse): Promise<void> | void;
}

/** Serves exactly these paths; what is not among them goes on. */
export function routesHandler(routes: ReadonlyMap<string, OpsRoute>): HttpHandler {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const route = routes.get(pathOf(request));
    if (!route) return next();
    if (route.getOnly && request.method !== 'GET') return answerText(response, 405, 'Method Not Allowed', { Allow: 'GET' });
    response.on('error', () => undefined);
    Promise.resolve(route.serve(queryOf(request), response)).catch((error: unknown) => {
      if (!response.headersSent) answerText(response, 500, error instanceof Error ? error.message : String(error));
      else response.destroy();
    });
  };
}
