import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MaintenanceApi } from '@quorate/api';
import type { DoorRules } from './door-rules';

export const REVISION_HEADER = 'Quorate-Revision';
const ALLOWED_HEADERS = 'accept, authorization, content-type, idempotency-key';
const EXPOSED_HEADERS = `${REVISION_HEADER}, Retry-After`;

type Door = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * First in every request of the platform's API: sees to the revision on whatever is answered in the end, and refuses
 * foreign hosts and origins.
 */
export function createDoor(rules: DoorRules, maintenance: MaintenanceApi): Door {
  return (request, response, next): void => {
    stampRevision(response, maintenance);
    try {
      rules.check(request);
    } catch (error) {
      next(error);
      return;
    }
    const { origin } = request.headers;
    if (origin !== undefined && rules.allowsOrigin(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      response.setHeader('Vary', 'Origin');
      if (request.method === 'OPTIONS') {
        response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
        response.setHeader('Access-Control-Allow-Methods', 'GET, PUT, POST, DELETE');
        response.writeHead(204).end();
        return;
      }
    }
    next();
  };
}

/** Node sends every head through `writeHead`, its own implicit ones too. */
function stampRevision(response: ServerResponse, maintenance: MaintenanceApi): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = ((...args: unknown[]): ServerResponse => {
    if (!response.hasHeader(REVISION_HEADER)) response.setHeader(REVISION_HEADER, String(maintenance.header().revision));
    return writeHead(...args);
  }) as ServerResponse['writeHead'];
}
