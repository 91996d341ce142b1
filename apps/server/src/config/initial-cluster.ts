import { type InitialMember } from '@quorate/runtime';
import { parseUrls } from './urls';

/**
 * `name=url,name=url`; a name that is repeated has several URLs. Sorted by name.
 * @throws ValueError when a URL is missing or cannot be read
 */
export function parseInitialCluster(text: string): readonly InitialMember[] {
  const urls = new Map<string, string[]>();
  for (const part of text.split(',').filter((each) => each !== '')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const url = equals < 0 ? '' : part.slice(equals + 1);
    urls.set(name, [...(urls.get(name) ?? []), url]);
  }
  return [...urls].map(([name, list]) => ({ name, peerUrls: parseUrls(list.join(',')).map(({ href }) => href) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
