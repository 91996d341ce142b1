import {
  ApiError, type Clock, type LeaseGrantRequest, type LeaseKeepAliveResponse, type LeaseLeasesResponse,
  type LeaseTimeToLiveRequest, type LeaseTimeToLiveResponse, MAX_LEASE_TTL_SECONDS, minLeaseTtlSeconds, type Random,
  type ResponseHeader,
} from '@quorate/api';
import { Lessor } from '../lease/lessor';
import type { CommandBody } from '../machine/command';
import type { Machine } from '../machine/machine';
import type { Proposer } from './proposer';
import type { Reads } from './reads';

/** Leases that one entry may end (etcd: `leaseRevokeRate` per half second). */
const EXPIRIES_PER_ENTRY_MAX = 500;
const CHECKPOINTS_PER_ENTRY_MAX = 1000;
/** A keep-alive that met this many replicated changes of its lease gives up; each of them is one entry. */
const RENEWAL_ATTEMPTS_MAX = 5;

export interface LeaseKeeperOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly electionMs: number;
  readonly reads: Reads;
  readonly proposer: Proposer;
  header(): ResponseHeader;
  isLeader(): boolean;
  term(): number;
}

/**
 * Leases at the door and in time: picks ids, answers keep-alives from the leader's memory, and proposes what time decides
 * (expiry, checkpoints) as entries that every member applies.
 */
export class LeaseKeeper {
  private readonly lessor: Lessor;
  private expiryHeld = false;
  /** Counts the holds: a round that began before the newest one confirms nothing about the time since. */
  private holds = 0;

  constructor(private readonly options: LeaseKeeperOptions) {
    this.lessor = new Lessor(options.machine.leases);
  }

  /** The smallest TTL that is granted, in seconds. */
  get minTtlSeconds(): number {
    return minLeaseTtlSeconds(this.options.electionMs);
  }

  /** @throws ApiError `lease_ttl_too_large` */
  grantCommand(request: LeaseGrantRequest): CommandBody {
    if (request.ttlSeconds > MAX_LEASE_TTL_SECONDS) throw new ApiError('lease_ttl_too_large');
    const ttlSeconds = Math.max(request.ttlSeconds, this.minTtlSeconds);
    const id = request.id ?? 0n;
    return { type: 'leaseGrant', id: id === 0n ? this.pickId() : id, ttlSeconds };
  }

  /** Answered only after a quorum has confirmed this leader since the call (SAFETY.md 19). */
  async keepAlive(id: bigint): Promise<LeaseKeepAliveResponse> {
    const header = this.options.header();
    await this.options.reads.linearizable(this.nowMs());
    for (let attempt = 0; attempt < RENEWAL_ATTEMPTS_MAX; attempt++) {
      const renewal = this.lessor.renew(id, this.nowMs());
      switch (renewal.type) {
        case 'renewed': return { header, id, ttlSeconds: renewal.ttlSeconds };
        case 'unknown': return { header, id, ttlSeconds: 0 };
        case 'not_leader': throw new ApiError('not_leader');
        case 'clear_needed': await this.options.proposer.submit({ type: 'leaseClear', ids: [id] }); break;
        // An entry of our own is applied after the expiry that is on its way.
        case 'expiring': await this.options.proposer.submit({ type: 'noop' }); break;
      }
    }
    throw new ApiError('timeout');
  }

  timeToLive(request: LeaseTimeToLiveRequest): LeaseTimeToLiveResponse {
    const header = this.options.header();
    const lease = this.options.machine.leases.get(request.id);
    if (!lease) return { header, id: request.id, ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] };
    const remainingMs = this.lessor.remainingMs(request.id, this.nowMs());
    if (remainingMs === undefined) throw new ApiError('not_leader');
    return {
      header, id: request.id, ttlSeconds: Math.floor(remainingMs / 1000), grantedTtlSeconds: lease.ttlSeconds,
      keys: request.keys ? this.options.machine.leases.keysOf(request.id) : [],
    };
  }

  list(): LeaseLeasesResponse {
    return { header: this.options.header(), ids: this.lessor.idsByDeadline(this.nowMs()) };
  }

  /** Deadlines run on the leader only, from the first entry of its term on. */
  follow(): void {
    const leads = this.options.isLeader() && this.options.machine.appliedTerm === this.options.term();
    if (leads && !this.lessor.active) this.lessor.promote(this.nowMs(), this.options.electionMs);
    else if (!this.options.isLeader() && this.lessor.active) this.lessor.demote();
  }

  /** The thread stood still: nothing expires until a quorum confirms that this member still leads (SAFETY.md 23). */
  holdExpiry(): void {
    const hold = ++this.holds;
    this.expiryHeld = true;
    this.options.reads.quorumRound(this.nowMs()).then(
      () => { if (hold === this.holds) this.expiryHeld = false; },
      (error: ApiError) => { if (hold === this.holds && error.code !== 'stopped') this.holdExpiryAgain(); },
    );
  }

  tick(nowMs: number): void {
    if (!this.lessor.active || this.expiryHeld) return;
    try {
      this.proposeExpiries(nowMs);
      this.proposeCheckpoints(nowMs);
    } catch (error) {
      // A refused proposal is no loss: the lessor hands the same leases out again.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private proposeExpiries(nowMs: number): void {
    const leases = this.lessor.expired(nowMs, EXPIRIES_PER_ENTRY_MAX);
    if (leases.length > 0) this.options.proposer.submitUnwatched({ type: 'leaseExpire', term: this.options.term(), leases });
  }

  private proposeCheckpoints(nowMs: number): void {
    const leases = this.lessor.checkpointsDue(nowMs, CHECKPOINTS_PER_ENTRY_MAX);
    if (leases.length > 0) this.options.proposer.submitUnwatched({ type: 'leaseCheckpoint', term: this.options.term(), leases });
  }

  private holdExpiryAgain(): void {
    if (this.lessor.active) this.holdExpiry();
    else this.expiryHeld = false;
  }

  /** A positive int64 that no lease has. */
  private pickId(): bigint {
    for (;;) {
      const id = this.options.random.bytes(8).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn;
      if (id !== 0n && !this.options.machine.leases.has(id)) return id;
    }
  }

  private nowMs(): number {
    return this.options.clock.monotonicMs();
  }
}
