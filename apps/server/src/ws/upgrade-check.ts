import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { PlatformError } from '@quorate/api';

export interface UpgradeCheckOptions {
  /** Host names, beside IP addresses and `localhost`, that plaintext upgrades may be made for; `*`: all. */
  readonly allowedHosts?: readonly string[];
  /** Origins, beside the server's own, whose pages may open sockets; `*`: all. */
  readonly allowedOrigins?: readonly string[];
}

/**
 * Who may open a socket. Browsers open WebSockets across origins and leave the check to the server; a name that is
 * neither ours nor an address may be a rebound one (CVE-2018-5702). TLS says by its certificate which host was meant.
 */
export function createUpgradeCheck(
  { allowedHosts = [], allowedOrigins = [] }: UpgradeCheckOptions,
): (request: IncomingMessage) => PlatformError | undefined {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  return ({ headers, socket, url = '' }) => {
    const host = (headers.host ?? '').toLowerCase();
    const encrypted = (socket as TLSSocket).encrypted === true;
    if (!encrypted && !hosts.has('*') && !isKnownHost(hostNameOf(host), hosts)) {
      return new PlatformError('host_foreign');
    }
    const origin = headers.origin?.toLowerCase();
    if (origin !== undefined && !origins.has('*') && !origins.has(origin) && hostOfOrigin(origin) !== host) {
      return new PlatformError('origin_foreign');
    }
    const query = url.indexOf('?');
    if (query >= 0 && query < url.length - 1) {
      return new PlatformError('field_unknown', 'the WebSocket takes no query: tokens travel in headers or in the auth frame');
    }
    return undefined;
  };
}

function isKnownHost(name: string, allowed: ReadonlySet<string>): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name);
}

function hostNameOf(host: string): string {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*))(?::[0-9]*)?$/.exec(host);
  return match?.groups?.['v6'] ?? match?.groups?.['name'] ?? host;
}

function hostOfOrigin(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
