import { type Instance, type InstanceKey, isName, type KeyValue, type Registration } from '@quorate/api';
import { INSTANCES_PREFIX } from './layout';
import { nameRange, type Scope } from './scope';
import { isNumberMap, isOptional, isText, isTextList, isTextMap, isWhole, type JsonObject, storedObject } from './stored-json';

/** What is stored of an instance; its names are in its key and its lease is the key's. */
export interface StoredInstance extends Registration {
  readonly ttlSeconds?: number;
  readonly session?: string;
  readonly registeredAt: string;
}

/** Instances by namespace and service, either of them a name, `*`, or a beginning with `*`. */
export function registryScope(select: { readonly namespace: string; readonly service: string }): Scope<InstanceKey, Instance> {
  const { namespace, service } = select;
  const range = nameRange(INSTANCES_PREFIX, { namespace, service, id: '*' });
  return {
    key: range.key,
    rangeEnd: range.rangeEnd,
    keyOf: (key) => {
      const names = range.namesOf(key);
      return names && { namespace: names[0] as string, service: names[1] as string, id: names[2] as string };
    },
    valueOf: instanceOf,
  };
}

/** An instance out of its key and what is stored there; `undefined` where that is none. */
export function instanceOf(key: InstanceKey, kv: KeyValue): Instance | undefined {
  const stored = storedObject(kv);
  if (!stored || !isStoredInstance(stored)) return undefined;
  if (stored.ephemeral !== (kv.lease !== 0n)) return undefined;
  return instanceFrom(key, stored, kv.lease, kv.modRevision);
}

export function instanceFrom(key: InstanceKey, stored: StoredInstance, lease: bigint, revision: number): Instance {
  const { address, port, ports, weight, zone, version, tags, metadata, enabled, ephemeral, ttlSeconds, session, registeredAt } = stored;
  return {
    ...key, address,
    ...(port !== undefined && { port }), ...(ports !== undefined && { ports }), weight,
    ...(zone !== undefined && { zone }), ...(version !== undefined && { version }), tags, metadata, enabled, ephemeral,
    health: 'passing',
    ...(lease !== 0n && { leaseId: String(lease) }), ...(session !== undefined && { session }), ...(ttlSeconds !== undefined && { ttlSeconds }),
    registeredAt, revision: String(revision),
  };
}

function isStoredInstance(value: JsonObject): value is JsonObject & StoredInstance {
  const { address, port, ports, weight, zone, version, tags, metadata, enabled, ephemeral, ttlSeconds, session, registeredAt } = value;
  return isText(address) && isOptional(port, isWhole) && isOptional(ports, isNumberMap) && (port === undefined) !== (ports === undefined)
    && typeof weight === 'number' && weight >= 0 && isOptional(zone, isText) && isOptional(version, isText)
    && isTextList(tags) && isTextMap(metadata) && typeof enabled === 'boolean' && typeof ephemeral === 'boolean'
    && isOptional(ttlSeconds, isWhole) && isOptional(session, isText) && isText(registeredAt);
}

/** Whether traffic may go there. */
export function isHealthy(instance: Instance): boolean {
  return instance.enabled && instance.health !== 'critical';
}

export interface InstanceFilter {
  readonly healthy?: boolean;
  readonly zone?: string;
  readonly tag?: string;
  readonly version?: string;
}

export function fitsFilter(instance: Instance, { healthy, zone, tag, version }: InstanceFilter): boolean {
  return (healthy === undefined || healthy === isHealthy(instance))
    && (zone === undefined || zone === instance.zone)
    && (tag === undefined || instance.tags.includes(tag))
    && (version === undefined || version === instance.version);
}

export function isInstanceKey({ namespace, service, id }: InstanceKey): boolean {
  return isName(namespace) && isName(service) && isName(id);
}
