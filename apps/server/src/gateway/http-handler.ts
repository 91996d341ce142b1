import type { IncomingMessage, ServerResponse } from 'node:http';

/** A door of the client port: answers, or hands on what is not its own. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The path of a request target, still percent-encoded and without the query. */
export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** The query of a request target; empty where it has none. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return new URLSearchParams(query < 0 ? '' : url.slice(query + 1));
}

/** A refusal in plain text with a line feed at its end, as Go's `http.Error` words it. */
export function answerText(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  const body = Buffer.from(`${text}\n`);
  response.writeHead(status, {
    ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', 'Content-Length': body.length,
  });
  response.end(body);
}
