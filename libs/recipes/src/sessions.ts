import { type CallContext, type Clock, type Heartbeat, type KeyValue, type KvApi, PlatformError, type Session } from '@quorate/api';
import { isLeaseLoss } from './idempotency';
import { sessionKey } from './layout';
import { grantLease } from './registry';
import { rfc3339 } from './rfc3339';
import { isText, isWhole, jsonBytes, leaseIdOf, storedObject } from './stored-json';
import { exists, type WriteOptions, type Writer } from './writer';

/** Sessions: leases with an owner, under which registrations and grants are made and end together. The id is the lease's. */
export class Sessions {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer, private readonly clock: Clock) {
    this.kv = writer.kv;
  }

  /** @throws PlatformError `ttl_too_small`, `idempotency_conflict` */
  async open(request: { readonly ttlSeconds: number; readonly owner: string }, options: WriteOptions = {}): Promise<Session> {
    const replay = await this.writer.replayOf<Omit<Session, 'revision'>>(options);
    if (replay) return { ...replay.result, revision: String(replay.revision) };
    const { lease, ttlSeconds } = await grantLease(this.kv, request.ttlSeconds, options.context);
    const session = String(lease);
    const stored = { ttlSeconds, owner: request.owner, openedAt: rfc3339(this.clock.wallMs()) };
    const written = await this.writer.write({
      namespaces: [], compare: [], failure: [], result: { session, ...stored },
      success: [{ type: 'put', request: { key: sessionKey(session), value: jsonBytes(stored), lease } }],
    }, options);
    if (written.type === 'refused') throw new PlatformError('write_contended');
    if (written.result.session !== session) await this.kv.leaseRevoke(lease, options.context);
    return { ...written.result, revision: String(written.revision) };
  }

  /** @throws PlatformError `session_unknown` */
  async get(session: string, context?: CallContext): Promise<{ readonly revision: number; readonly item: Session }> {
    const response = await this.kv.range({ key: sessionKey(session) }, context);
    const item = response.kvs[0] && sessionOf(session, response.kvs[0]);
    if (!item) throw new PlatformError('session_unknown');
    return { revision: response.header.revision, item };
  }

  /** Renews a session. @throws PlatformError `session_unknown` */
  async keepAlive(session: string, context?: CallContext): Promise<Heartbeat> {
    const lease = leaseIdOf(session);
    if (lease === undefined) throw new PlatformError('session_unknown');
    const { header, ttlSeconds } = await this.kv.leaseKeepAlive(lease, context);
    if (ttlSeconds === 0) throw new PlatformError('session_unknown');
    return { leaseId: session, ttlSeconds, revision: String(header.revision) };
  }

  /**
   * Ends a session with everything that hangs on it.
   * @returns the revision
   * @throws PlatformError `session_unknown`, `idempotency_conflict`
   */
  async close(session: string, options: WriteOptions = {}): Promise<number> {
    const { context } = options;
    const replay = await this.writer.replayOf(options);
    if (!replay) await this.get(session, context);
    const lease = BigInt(session);
    if (!options.idempotency) return (await this.kv.leaseRevoke(lease, context)).header.revision;
    const key = sessionKey(session);
    const written = replay ?? await this.writer.write({
      namespaces: [], compare: [exists(key)], success: [{ type: 'deleteRange', request: { key } }], failure: [], result: {},
    }, options);
    if ('type' in written && written.type === 'refused') throw new PlatformError('session_unknown');
    // A repeat finishes what the first call may not have come to.
    await this.kv.leaseRevoke(lease, context).catch((error: unknown) => {
      if (!isLeaseLoss(error)) throw error;
    });
    return written.revision;
  }
}

function sessionOf(session: string, kv: KeyValue): Session | undefined {
  const stored = storedObject(kv);
  const { ttlSeconds, owner, openedAt } = stored ?? {};
  if (!isWhole(ttlSeconds) || !isText(owner) || !isText(openedAt) || String(kv.lease) !== session) return undefined;
  return { session, ttlSeconds, owner, openedAt, revision: String(kv.modRevision) };
}
