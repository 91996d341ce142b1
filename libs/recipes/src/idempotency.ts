import { ApiError, type CallContext, type Clock, IDEMPOTENCY_SECONDS_MIN, type KeyValue, type KvApi, PlatformError } from '@quorate/api';
import { isText, storedObject } from './stored-json';

/** What a caller says so that a repeat of its call is known. */
export interface IdempotencyClaim {
  /** The caller's `Idempotency-Key`. */
  readonly key: string;
  /** Says what was asked for: the same call has the same one. */
  readonly fingerprint: string;
}

/** Records hang on a lease of this TTL, which takes new ones only at the beginning of its life. */
const LEASE_TTL_SECONDS = 3600;
const LEASE_FILL_MS = (LEASE_TTL_SECONDS - IDEMPOTENCY_SECONDS_MIN) * 1000;
/** So that no lease ends with more keys than one step should delete. */
const RECORDS_PER_LEASE_MAX = 10_000;

/**
 * The leases of idempotency records. One lease carries many records and is never renewed, so that a record lives between
 * {@link IDEMPOTENCY_SECONDS_MIN} and an hour, and calls cost no lease each.
 */
export class IdempotencyLeases {
  private current: { readonly id: bigint; readonly grantedMs: number; records: number } | undefined;
  private granting: Promise<bigint> | undefined;

  constructor(private readonly kv: KvApi, private readonly clock: Clock) {}

  /** A lease for one more record. */
  async take(context?: CallContext): Promise<bigint> {
    const { current } = this;
    if (current && current.records < RECORDS_PER_LEASE_MAX && this.clock.monotonicMs() - current.grantedMs < LEASE_FILL_MS) {
      current.records++;
      return current.id;
    }
    this.granting ??= this.grant(context).finally(() => { this.granting = undefined; });
    return this.granting;
  }

  /** Whether the lease is gone, because somebody revoked it; the next record gets another one. */
  async lost(id: bigint, context?: CallContext): Promise<boolean> {
    const { ttlSeconds } = await this.kv.leaseTimeToLive({ id }, context);
    if (ttlSeconds >= 0) return false;
    if (this.current?.id === id) this.current = undefined;
    return true;
  }

  private async grant(context?: CallContext): Promise<bigint> {
    const grantedMs = this.clock.monotonicMs();
    const { id } = await this.kv.leaseGrant({ ttlSeconds: LEASE_TTL_SECONDS }, context);
    this.current = { id, grantedMs, records: 1 };
    return id;
  }
}

/**
 * The first answer to a claim, out of its record; `undefined` where it was not noted (yet). A record was made in the
 * transaction of its call, so that its first revision is the call's.
 * @throws PlatformError `idempotency_conflict` where the key stands for another call, or for something unreadable
 */
export function firstAnswer<R>(claim: IdempotencyClaim, kv: KeyValue): { readonly result: R; readonly revision: number } | undefined {
  const record = storedObject(kv);
  if (!record || !isText(record['fingerprint']) || record['fingerprint'] !== claim.fingerprint) throw new PlatformError('idempotency_conflict');
  // The record was written by this very operation, which the fingerprint names.
  return record['result'] === undefined ? undefined : { result: record['result'] as R, revision: kv.createRevision };
}

/** Whether a failed write failed for its lease. */
export function isLeaseLoss(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'lease_unknown';
}
