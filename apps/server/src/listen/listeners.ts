import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ListenUrl } from '../config/server-config';

/** A port cannot be had; the message is the one line that the operator sees. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The sockets of one listen URL. */
export interface Listener {
  readonly url: ListenUrl;
  readonly servers: readonly Server[];
  /** Where it really listens: with the port that the system picked where 0 was asked for. */
  readonly addresses: readonly string[];
}

/**
 * Binds every address of a URL; `localhost` is 127.0.0.1 and, where the machine has it, ::1.
 * @throws ListenError
 */
export async function listen(url: ListenUrl, createServer: () => Server): Promise<Listener> {
  const servers: Server[] = [];
  const addresses: string[] = [];
  let { port } = url;
  for (const options of bindingsOf(url)) {
    const server = createServer();
    await bind(server, url, { ...options, ...(options.path === undefined ? { port } : {}) });
    servers.push(server);
    const address = server.address() as AddressInfo | string;
    if (typeof address === 'object') ({ port } = address);
    addresses.push(typeof address === 'object' ? `${url.scheme}://${hostText(address)}:${address.port}` : `${url.scheme}://${address}`);
  }
  return { url, servers, addresses };
}

/** Takes no more connections; open ones go on. */
export function closeListeners(listeners: readonly Listener[]): void {
  for (const { servers } of listeners) for (const server of servers) server.close();
}

function bindingsOf(url: ListenUrl): ListenOptions[] {
  if (url.scheme === 'unix' || url.scheme === 'unixs') return [{ path: url.path }];
  if (url.host === 'localhost') return hasIpv6Loopback() ? [{ host: '127.0.0.1' }, { host: '::1' }] : [{ host: '127.0.0.1' }];
  return [url.host === '' ? {} : { host: url.host.replace(/^\[|\]$/g, '') }];
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}

async function bind(server: Server, url: ListenUrl, options: ListenOptions): Promise<void> {
  if (options.path !== undefined) await rm(options.path, { force: true });
  try {
    server.listen({ ...options, backlog: 4096 });
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(reasonOf(error as NodeJS.ErrnoException, url, options));
  }
}

function reasonOf(error: NodeJS.ErrnoException, url: ListenUrl, options: ListenOptions): string {
  const address = options.path ?? `${options.host ?? url.host}:${options.port}`;
  switch (error.code) {
    case 'EADDRINUSE': return `listen tcp ${address}: bind: address already in use (${url.href}); stop the other process or choose another port`;
    case 'EACCES': return `listen tcp ${address}: bind: permission denied (${url.href})`;
    case 'EADDRNOTAVAIL': return `listen tcp ${address}: bind: cannot assign requested address (${url.href})`;
    default: return `listen tcp ${address}: ${error.message} (${url.href})`;
  }
}

function hostText({ address, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]` : address;
}
