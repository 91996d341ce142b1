/** What a name of the platform looks like: namespaces, services, instances, groups, configuration keys. No slash, so paths of names are unambiguous. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/;

/** Names that the API's own paths take. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['prometheus-sd', 'settings']);

/** The namespace that exists without having been made. */
export const DEFAULT_NAMESPACE = 'default';

/** Whether a text may name something. Names are case-sensitive. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text) && !RESERVED_NAMES.has(text);
}

/** A name, `*` for any, or the beginning of names followed by `*`. */
export function isNamePattern(text: string): boolean {
  if (!text.endsWith('*')) return isName(text);
  return text === '*' || NAME_PATTERN.test(text.slice(0, -1));
}

/** Whether a name fits what {@link isNamePattern} took. */
export function matchesNamePattern(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
