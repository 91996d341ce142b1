import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { answerText, type HttpHandler } from './http-handler';

export interface HttpGuardOptions {
  /** Origins whose pages may read answers (`--cors`); none or `*`: all. */
  readonly cors: readonly string[];
  /** Host names that plaintext requests may be made for (`--host-whitelist`); none or `*`: all. */
  readonly hostWhitelist: readonly string[];
}

/** Stands before all doors of a port: refuses foreign hosts, says what browsers may do, and answers their preflights. */
export function createHttpGuard(options: HttpGuardOptions): HttpHandler {
  const rules = new GuardRules(options);
  return (request, response, next): void => {
    if (!rules.admitsHost(request)) return answerText(response, 421, refusalText(hostNameOf(request)));
    const origin = rules.allowedOrigin(request);
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Headers', 'accept, content-type, authorization');
      response.setHeader('Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE');
      response.setHeader('Access-Control-Allow-Origin', origin);
    }
    if (!rules.allowsAllOrigins) response.setHeader('Vary', 'Origin');
    if (request.method !== 'OPTIONS') return next();
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
  };
}

/** The same rules for upgrades. True: the request was refused and answered. */
export function createUpgradeGuard(options: HttpGuardOptions): (request: IncomingMessage, socket: Duplex) => boolean {
  const rules = new GuardRules(options);
  return (request, socket): boolean => {
    if (!rules.admitsHost(request)) {
      refuseUpgrade(socket, '421 Misdirected Request');
      return true;
    }
    // CORS does not protect WebSockets: browsers open them across origins and leave the check to the server.
    if (request.headers.origin === undefined || rules.allowedOrigin(request) !== undefined) return false;
    refuseUpgrade(socket, '403 Forbidden');
    return true;
  };
}

class GuardRules {
  readonly allowsAllOrigins: boolean;
  private readonly origins: ReadonlySet<string>;
  private readonly hosts: ReadonlySet<string>;
  private readonly admitsAllHosts: boolean;

  constructor({ cors, hostWhitelist }: HttpGuardOptions) {
    this.origins = new Set(cors);
    this.allowsAllOrigins = cors.length === 0 || this.origins.has('*');
    this.hosts = new Set(hostWhitelist);
    this.admitsAllHosts = hostWhitelist.length === 0 || this.hosts.has('*');
  }

  /** TLS says by its certificate which host was meant; only plaintext needs the check. */
  admitsHost(request: IncomingMessage): boolean {
    return this.admitsAllHosts || (request.socket as TLSSocket).encrypted === true || this.hosts.has(hostNameOf(request));
  }

  allowedOrigin({ headers }: IncomingMessage): string | undefined {
    if (this.allowsAllOrigins) return '*';
    return headers.origin !== undefined && this.origins.has(headers.origin) ? headers.origin : undefined;
  }
}

function hostNameOf(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*)):[0-9]*$/.exec(host);
  return match?.groups?.['v6'] ?? match?.groups?.['name'] ?? host;
}

function refusalText(host: string): string {
  return `The Host header ${JSON.stringify(host)} is not known here.

Use TLS, where every host is taken, or name the host:  --host-whitelist ${JSON.stringify(host)}
This guards against DNS rebinding (CVE-2018-5702).`;
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
