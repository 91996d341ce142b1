import { hostname } from 'node:os';
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { PlatformError } from '@quorate/api';

export interface DoorRulesOptions {
  /** Host names that requests may be made for, beside those that are safe anyway; `*`: any. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may use this server, beside its own; `*`: any. */
  readonly allowedOrigins: readonly string[];
}

/** Endings of names that nobody can register in the public DNS, and so cannot rebind. */
const PRIVATE_ENDINGS = ['.localhost', '.local', '.internal', '.lan', '.home.arpa', '.svc', '.cluster.local', '.test', '.example'];

/**
 * Keeps strangers' web pages out: a page reaches a server on the user's own network under a foreign `Host` (DNS rebinding)
 * or with its own `Origin`. Addresses, names without a dot and private names cannot be rebound and need no list. On TLS
 * the certificate says which host was meant.
 */
export class DoorRules {
  private readonly hosts: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;

  constructor({ allowedHosts, allowedOrigins }: DoorRulesOptions) {
    this.hosts = new Set([...allowedHosts, hostname()].map((host) => host.toLowerCase()));
    this.origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  /** @throws PlatformError `host_foreign`, `origin_foreign` */
  check(request: IncomingMessage): void {
    const host = request.headers.host ?? '';
    const encrypted = (request.socket as TLSSocket).encrypted === true;
    if (!encrypted && !this.admitsHost(hostNameOf(host))) throw new PlatformError('host_foreign', `the host ${JSON.stringify(host)} is not known here; name it with --host-whitelist`);
    const { origin } = request.headers;
    if (origin === undefined || origin.toLowerCase() === `${encrypted ? 'https' : 'http'}://${host.toLowerCase()}`) return;
    if (!this.allowsOrigin(origin)) throw new PlatformError('origin_foreign', `pages of ${JSON.stringify(origin)} may not use this server; name the origin with --cors`);
  }

  /** Whether pages of a foreign origin were allowed by name. */
  allowsOrigin(origin: string): boolean {
    return this.origins.has('*') || this.origins.has(origin.toLowerCase());
  }

  private admitsHost(name: string): boolean {
    return this.hosts.has('*') || this.hosts.has(name) || isIP(name) !== 0 || !name.includes('.')
      || PRIVATE_ENDINGS.some((ending) => name.endsWith(ending));
  }
}

function hostNameOf(host: string): string {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*))(?::[0-9]*)?$/.exec(host.toLowerCase());
  return (match?.groups?.['v6'] ?? match?.groups?.['name'] ?? host).replace(/\.$/, '');
}
