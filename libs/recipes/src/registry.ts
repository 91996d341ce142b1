import {
  ApiError, type CallContext, type Clock, CompareResult, CompareTarget, type Heartbeat, type Instance,
  INSTANCE_TTL_SECONDS_DEFAULT, type InstanceKey, type KeyValue, type KvApi, PlatformError, type Registration, type Service,
  TTL_SECONDS_MIN,
} from '@quorate/api';
import { isLeaseLoss } from './idempotency';
import { fitsFilter, type InstanceFilter, instanceFrom, instanceOf, registryScope, type StoredInstance } from './instance';
import { instanceKey, INSTANCES_PREFIX } from './layout';
import { rfc3339 } from './rfc3339';
import { nameRange, type ReadOptions, type Snapshot, snapshotOf } from './scope';
import { jsonBytes, leaseIdOf } from './stored-json';
import { ATTEMPTS_MAX, unchanged, type WriteOptions, type Writer } from './writer';

export interface RegisterRequest extends Registration {
  /** The session whose lease carries the instance. Without one, an ephemeral instance gets a lease of its own. */
  readonly session?: string;
  readonly ttlSeconds?: number;
}

interface Attachment {
  readonly lease: bigint;
  readonly ttlSeconds?: number;
  readonly session?: string;
}

const UNATTACHED: Attachment = { lease: 0n };

/** Instances of services. Ephemeral ones hang on a lease, which heartbeats renew in the leader's memory. */
export class Registry {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer, private readonly clock: Clock) {
    this.kv = writer.kv;
  }

  /** The instances of the services that fit; each of the names may be a pattern. */
  async list(select: { readonly namespace: string; readonly service: string }, filter: InstanceFilter = {}, options: ReadOptions = {}): Promise<Snapshot<Instance>> {
    const snapshot = await snapshotOf(this.kv, registryScope(select), options);
    return { ...snapshot, items: snapshot.items.filter((instance) => fitsFilter(instance, filter)) };
  }

  /** The services of a namespace that have instances, by name. Reads keys only. */
  async services(namespace: string, options: ReadOptions = {}): Promise<Snapshot<Service>> {
    const { key, rangeEnd, namesOf } = nameRange(INSTANCES_PREFIX, { namespace, service: '*', id: '*' });
    const { serializable = false, revision = 0, context } = options;
    const response = await this.kv.range({ key, rangeEnd, serializable, revision, keysOnly: true }, context);
    const counts = new Map<string, number>();
    let skipped = 0;
    for (const kv of response.kvs) {
      const service = namesOf(kv.key)?.[1];
      if (service === undefined) skipped++;
      else counts.set(service, (counts.get(service) ?? 0) + 1);
    }
    const items = [...counts].map(([service, instances]) => ({ namespace, service, instances }));
    return { revision: revision > 0 ? revision : response.header.revision, items, skipped };
  }

  /** @throws PlatformError `instance_unknown`, also where what is stored there is unreadable */
  async get(key: InstanceKey, options: ReadOptions = {}): Promise<{ readonly revision: number; readonly item: Instance }> {
    const { serializable = false, context } = options;
    const response = await this.kv.range({ key: instanceKey(key), serializable }, context);
    const item = response.kvs[0] && instanceOf(key, response.kvs[0]);
    if (!item) throw new PlatformError('instance_unknown');
    return { revision: response.header.revision, item };
  }

  /**
   * Registers an instance, or takes its id over. The same endpoint (address and ports) asking again keeps its lease, and
   * nothing is written where nothing changed.
   * @throws PlatformError `namespace_unknown`, `ttl_too_small`, `session_unknown`, `write_contended`, `idempotency_conflict`
   */
  async register(key: InstanceKey, request: RegisterRequest, options: WriteOptions = {}): Promise<Instance> {
    const { context } = options;
    const replay = await this.writer.replayOf<Omit<Instance, 'revision'>>(options);
    if (replay) return { ...replay.result, revision: String(replay.revision) };
    const storeKey = instanceKey(key);
    let own: Attachment | undefined;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const current = (await this.kv.range({ key: storeKey }, context)).kvs[0];
      const present = current && instanceOf(key, current);
      const kept = await this.keepLease(request, present, context);
      const attachment = kept ?? own ?? await this.attach(request, context);
      if (!kept && attachment.lease !== 0n && attachment.session === undefined) own = attachment;
      const registered = await this.tryRegister(key, request, attachment, current, present, options).catch(async (error: unknown) => {
        if (own && isRefusal(error)) await this.revoke(own.lease, context);
        throw error;
      });
      if (!registered) continue;
      if (own && (registered.leaseId !== String(own.lease))) await this.revoke(own.lease, context);
      if (present) await this.revokeOwn(present, registered, context);
      return registered;
    }
    if (own) await this.revoke(own.lease, context);
    throw new PlatformError('write_contended');
  }

  /**
   * Renews the lease of an instance.
   * @throws PlatformError `instance_unknown`: register again; `instance_replaced`: the id belongs to another registration now
   */
  async heartbeat(key: InstanceKey, leaseId: string, context?: CallContext): Promise<Heartbeat> {
    const response = await this.kv.range({ key: instanceKey(key) }, context);
    const current = response.kvs[0];
    if (!current) throw new PlatformError('instance_unknown');
    if (current.lease === 0n || String(current.lease) !== leaseId) throw new PlatformError('instance_replaced');
    const { ttlSeconds } = await this.kv.leaseKeepAlive(current.lease, context);
    if (ttlSeconds === 0) throw new PlatformError('instance_unknown');
    return { leaseId, ttlSeconds, revision: String(response.header.revision) };
  }

  /**
   * Takes an instance out; the lease that only it used ends.
   * @param leaseId only this registration; `undefined`: whichever there is
   * @returns the revision
   * @throws PlatformError `instance_unknown`, `instance_replaced`
   */
  async deregister(key: InstanceKey, leaseId: string | undefined, options: WriteOptions = {}): Promise<number> {
    const replay = await this.writer.replayOf(options);
    if (replay) return replay.revision;
    const storeKey = instanceKey(key);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const current = (await this.kv.range({ key: storeKey }, options.context)).kvs[0];
      if (!current) throw new PlatformError('instance_unknown');
      if (leaseId !== undefined && String(current.lease) !== leaseId) throw new PlatformError('instance_replaced');
      const written = await this.writer.write({
        namespaces: [], compare: [unchanged(storeKey, current.modRevision)],
        success: [{ type: 'deleteRange', request: { key: storeKey } }], failure: [], result: {},
      }, options);
      if (written.type === 'refused') continue;
      const present = instanceOf(key, current);
      if (present && !written.replayed) await this.revokeOwn(present, undefined, options.context);
      return written.revision;
    }
    throw new PlatformError('write_contended');
  }

  private async tryRegister(
    key: InstanceKey, request: RegisterRequest, attachment: Attachment, current: KeyValue | undefined, present: Instance | undefined, options: WriteOptions,
  ): Promise<Instance | undefined> {
    const storeKey = instanceKey(key);
    const { lease, ttlSeconds, session } = attachment;
    const sameLease = present !== undefined && current?.lease === lease;
    const stored = storedOf(request, { ttlSeconds, session }, sameLease ? present.registeredAt : rfc3339(this.clock.wallMs()));
    const value = jsonBytes(stored);
    const same = sameLease && current.value.equals(value);
    if (same && !options.idempotency) return present;
    const { revision: _, ...result } = instanceFrom(key, stored, lease, 0);
    try {
      const written = await this.writer.write({
        namespaces: [key.namespace],
        compare: [
          unchanged(storeKey, current?.modRevision ?? 0),
          ...(sameLease ? [{ key: storeKey, target: CompareTarget.LEASE, result: CompareResult.EQUAL, lease }] : []),
        ],
        success: same ? [] : [{ type: 'put', request: { key: storeKey, value, lease } }],
        failure: [], result,
      }, options);
      return written.type === 'applied' ? { ...written.result, revision: String(same ? present.revision : written.revision) } : undefined;
    } catch (error) {
      if (!isLeaseLoss(error)) throw error;
      if (session !== undefined) throw new PlatformError('session_unknown', undefined, 'session');
      // The lease that was kept has ended meanwhile, and the instance with it.
      return undefined;
    }
  }

  /** The lease that the endpoint has already, renewed; `undefined` where it needs another one. */
  private async keepLease(request: RegisterRequest, present: Instance | undefined, context?: CallContext): Promise<Attachment | undefined> {
    if (!request.ephemeral || request.session !== undefined || !present || present.session !== undefined || present.leaseId === undefined) return undefined;
    const wanted = request.ttlSeconds ?? INSTANCE_TTL_SECONDS_DEFAULT;
    if (!isSameEndpoint(request, present) || present.ttlSeconds !== wanted) return undefined;
    const lease = BigInt(present.leaseId);
    const { ttlSeconds } = await this.kv.leaseKeepAlive(lease, context);
    return ttlSeconds === 0 ? undefined : { lease, ttlSeconds };
  }

  private async attach(request: RegisterRequest, context?: CallContext): Promise<Attachment> {
    if (!request.ephemeral) return UNATTACHED;
    if (request.session !== undefined) return this.attachToSession(request.session, context);
    return grantLease(this.kv, request.ttlSeconds ?? INSTANCE_TTL_SECONDS_DEFAULT, context);
  }

  private async attachToSession(session: string, context?: CallContext): Promise<Attachment> {
    const lease = leaseIdOf(session);
    if (lease === undefined) throw new PlatformError('session_unknown', undefined, 'session');
    const { ttlSeconds, grantedTtlSeconds } = await this.kv.leaseTimeToLive({ id: lease }, context);
    if (ttlSeconds < 0) throw new PlatformError('session_unknown', undefined, 'session');
    return { lease, ttlSeconds: grantedTtlSeconds, session };
  }

  /** Ends the lease that an instance had for itself alone, unless the registration after it still uses it. */
  private async revokeOwn(before: Instance, after: Instance | undefined, context?: CallContext): Promise<void> {
    if (before.leaseId === undefined || before.session !== undefined || before.leaseId === after?.leaseId) return;
    await this.revoke(BigInt(before.leaseId), context);
  }

  /** A lease that cannot be ended now ends by itself. */
  private async revoke(lease: bigint, context?: CallContext): Promise<void> {
    await this.kv.leaseRevoke(lease, context).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }
}

/**
 * Grants a lease of exactly this TTL.
 * @throws PlatformError `ttl_too_small` with the smallest TTL that is granted
 */
export async function grantLease(kv: KvApi, ttlSeconds: number, context?: CallContext): Promise<{ readonly lease: bigint; readonly ttlSeconds: number }> {
  if (ttlSeconds < TTL_SECONDS_MIN) throw ttlTooSmall(TTL_SECONDS_MIN);
  const granted = await kv.leaseGrant({ ttlSeconds }, context);
  if (granted.ttlSeconds > ttlSeconds) {
    await kv.leaseRevoke(granted.id, context);
    throw ttlTooSmall(granted.ttlSeconds);
  }
  return { lease: granted.id, ttlSeconds: granted.ttlSeconds };
}

function ttlTooSmall(leastSeconds: number): PlatformError {
  return new PlatformError('ttl_too_small', `the smallest TTL that is granted is ${leastSeconds} seconds`, 'ttlSeconds');
}

/** Whether a failed write certainly changed nothing; the lease of any other one may carry an instance. */
function isRefusal(error: unknown): boolean {
  return (error instanceof ApiError || error instanceof PlatformError) && error.outcome === 'not_applied';
}

function isSameEndpoint(request: Registration, present: Registration): boolean {
  return request.address === present.address && request.port === present.port && samePorts(request.ports ?? {}, present.ports ?? {});
}

function samePorts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function storedOf(request: RegisterRequest, attachment: { readonly ttlSeconds?: number; readonly session?: string }, registeredAt: string): StoredInstance {
  const { address, port, ports, weight, zone, version, tags, metadata, enabled, ephemeral } = request;
  return { address, port, ports, weight, zone, version, tags, metadata, enabled, ephemeral, ...attachment, registeredAt };
}
