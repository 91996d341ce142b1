import { type ByteString, type ConfigKey, type InstanceKey, isName } from '@quorate/api';

/**
 * Where the platform keeps its nouns. Names have no slash, so every key splits into its names in one way only; the release
 * number has ten digits, so that releases lie in their order.
 */
const NAMESPACES = '/quorate/sys/namespaces/';
const IDEMPOTENCY = '/quorate/sys/idempotency/';
const SESSIONS = '/quorate/sessions/';
export const INSTANCES_PREFIX: ByteString = '/quorate/registry/instances/';
export const CONFIG_ITEMS_PREFIX: ByteString = '/quorate/config/items/';
const CONFIG_RELEASES = '/quorate/config/releases/';
const VERSION_DIGITS = 10;

export const NAMESPACES_PREFIX: ByteString = NAMESPACES;

export function namespaceKey(namespace: string): ByteString {
  return `${NAMESPACES}${namespace}`;
}

export function idempotencyKey(key: string): ByteString {
  return `${IDEMPOTENCY}${key}`;
}

export function sessionKey(session: string): ByteString {
  return `${SESSIONS}${session}`;
}

export function instanceKey({ namespace, service, id }: InstanceKey): ByteString {
  return `${INSTANCES_PREFIX}${namespace}/${service}/${id}`;
}

export function configItemKey({ namespace, group, key }: ConfigKey): ByteString {
  return `${CONFIG_ITEMS_PREFIX}${namespace}/${group}/${key}`;
}

export function configReleasesPrefix({ namespace, group, key }: ConfigKey): ByteString {
  return `${CONFIG_RELEASES}${namespace}/${group}/${key}/`;
}

export function configReleaseKey(config: ConfigKey, version: number): ByteString {
  return configReleasesPrefix(config) + String(version).padStart(VERSION_DIGITS, '0');
}

/** The prefixes that hold everything of a namespace. */
export function namespacePrefixes(namespace: string): ByteString[] {
  return [INSTANCES_PREFIX, CONFIG_ITEMS_PREFIX, CONFIG_RELEASES].map((prefix) => `${prefix}${namespace}/`);
}

/** The names below a prefix, or `undefined` where the rest of the key is not exactly so many valid names. */
export function namesBelow(prefix: ByteString, key: ByteString, count: number): string[] | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const names = key.slice(prefix.length).split('/');
  return names.length === count && names.every(isName) ? names : undefined;
}
