import net from 'node:net';
import { ValueError } from './go-values';
import { type ListenUrl } from './server-config';

const schemes = ['http', 'https', 'unix', 'unixs'] as const;

/**
 * A list of URLs separated by commas, sorted and each once, as etcd's `types.NewURLs` reads it.
 * @throws ValueError in etcd's words
 */
export function parseUrls(text: string): readonly ListenUrl[] {
  const urls = text.split(',').map((part) => parseUrl(part.trim()));
  const byHref = new Map(urls.map((url) => [url.href, url]));
  return [...byHref.values()].sort((a, b) => (a.href < b.href ? -1 : 1));
}

function parseUrl(text: string): ListenUrl {
  const [, schemeText = '', rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const scheme = schemes.find((known) => known === schemeText.toLowerCase());
  if (scheme === undefined) {
    // What Go's url.Parse says of an address without a scheme.
    if (/^[^/]*[^/A-Za-z0-9+.-][^/]*:|^[0-9.][^/]*:/.test(text)) throw new ValueError(`parse ${JSON.stringify(text)}: first path segment in URL cannot contain colon`);
    throw new ValueError(`URL scheme must be http, https, unix, or unixs: ${text}`);
  }
  if (scheme === 'unix' || scheme === 'unixs') return parseSocketUrl(scheme, rest, text);
  const [, authority = '', tail = ''] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  const badPort = /:([^:\]]*[^:\]0-9][^:\]]*)$/.exec(authority);
  if (badPort !== null) throw new ValueError(`parse ${JSON.stringify(text)}: invalid port ":${badPort[1]}" after host`);
  const address = /^(?:.*@)?(?:\[([^\]]*)\]|([^:]*)):([0-9]*)$/.exec(authority);
  if (address === null) throw new ValueError(`URL address does not have the form "host:port": ${text}`);
  if (tail.replace(/[?#].*$/s, '') !== '') throw new ValueError(`URL must not contain a path: ${text}`);
  return { href: `${scheme}://${authority}`, scheme, host: address[1] ?? address[2] ?? '', port: Number(address[3]), path: '' };
}

/** `unix:///run/q.sock`, `unix://q.sock` (below the working directory) and etcd's habit `unix://localhost:2379` are paths alike. */
function parseSocketUrl(scheme: 'unix' | 'unixs', rest: string, text: string): ListenUrl {
  const path = rest.replace(/^\/\//, '');
  if (path === '') throw new ValueError(`URL names no socket: ${text}`);
  return { href: `${scheme}://${path}`, scheme, host: '', port: 0, path };
}

/** What forbids listening there: etcd binds to IP addresses and `localhost` only. */
export function bindFault(urls: readonly ListenUrl[]): string | undefined {
  for (const url of urls) {
    if (url.scheme === 'unix' || url.scheme === 'unixs') continue;
    if (url.port > 65_535) return `listen tcp: address ${url.port}: invalid port`;
    if (url.host === 'localhost') continue;
    if (net.isIP(url.host.replace(/%.*$/, '')) === 0) return `expected IP in URL for binding (${url.href})`;
  }
  return undefined;
}

/** What forbids telling these addresses to others. */
export function hostFault(urls: readonly ListenUrl[]): string | undefined {
  const bare = urls.find((url) => (url.scheme === 'http' || url.scheme === 'https') && url.host === '');
  return bare && `unexpected empty host (${bare.href})`;
}

export function hrefs(urls: readonly ListenUrl[]): string {
  return urls.map(({ href }) => href).join(',');
}
