import {
  ApiError, type CallContext, type Clock, type CompactRequest, type CompactResponse, type DeleteRangeRequest,
  type DeleteRangeResponse, type KvApi, type LeaseGrantRequest, type LeaseGrantResponse,
  type LeaseKeepAliveResponse, type LeaseLeasesResponse, type LeaseRevokeResponse, type LeaseTimeToLiveRequest,
  type LeaseTimeToLiveResponse, type PutRequest, type PutResponse, type RangeRequest, type RangeResponse,
  type StatusResponse, type TxnRequest, type TxnResponse, validateDeleteRange, validatePut, validateRange, validateTxn,
  type Watch, type WatchRequest,
} from '@quorate/api';
import type { CommandResult } from '../machine/applied';
import type { CommandBody } from '../machine/command';
import type { Machine } from '../machine/machine';
import { quotaCostBytes } from '../machine/quota-cost';
import type { WatchHub } from '../watch/hub';
import type { LeaseKeeper } from './lease-keeper';
import type { Measures } from './measures';
import { type Proposer, responseOf } from './proposer';
import type { Reads } from './reads';
import type { StoreWriter } from './store-writer';

/** What the doors of one member stand on. */
export interface LocalParts {
  readonly machine: Machine;
  readonly proposer: Proposer;
  readonly reads: Reads;
  readonly leases: LeaseKeeper;
  readonly hub: WatchHub;
  readonly writer: StoreWriter;
  readonly clock: Clock;
  readonly maxTxnOps: number;
  readonly measures: Measures;
  readonly hasLeader: () => boolean;
  readonly status: () => Promise<StatusResponse>;
  /** @throws ApiError `no_space` where the quota leaves no room for so many bytes */
  readonly reserve: (costBytes: number) => void;
}

/** The store, as this member serves it: checks, then a proposal or a read of its own state. */
export class LocalKvApi implements KvApi {
  constructor(private readonly parts: LocalParts) {}

  async range(request: RangeRequest, context?: CallContext): Promise<RangeResponse> {
    validateRange(request);
    this.checkLeader(context);
    this.parts.measures.ranges++;
    if (!request.serializable) await this.linearize();
    return this.parts.machine.store.range(request);
  }

  async put(request: PutRequest, context?: CallContext): Promise<PutResponse> {
    validatePut(request);
    this.checkLeader(context);
    return responseOf(await this.submit({ type: 'put', request }, context), 'put');
  }

  async deleteRange(request: DeleteRangeRequest, context?: CallContext): Promise<DeleteRangeResponse> {
    validateDeleteRange(request);
    this.checkLeader(context);
    return responseOf(await this.submit({ type: 'deleteRange', request }, context), 'deleteRange');
  }

  async txn(request: TxnRequest, context?: CallContext): Promise<TxnResponse> {
    validateTxn(request, this.parts.maxTxnOps);
    this.checkLeader(context);
    this.parts.measures.txns++;
    if (isReadOnly(request)) {
      if (!isSerializable(request)) await this.linearize();
      return this.parts.machine.store.readTxn(request);
    }
    return responseOf(await this.submit({ type: 'txn', request }, context), 'txn');
  }

  async compact(request: CompactRequest, context?: CallContext): Promise<CompactResponse> {
    this.checkLeader(context);
    const response = responseOf(await this.submit({ type: 'compact', request }, context), 'compact');
    if (request.physical) await this.parts.writer.flush();
    return response;
  }

  async leaseGrant(request: LeaseGrantRequest, context?: CallContext): Promise<LeaseGrantResponse> {
    this.checkLeader(context);
    const response = responseOf(await this.submit(this.parts.leases.grantCommand(request), context), 'leaseGrant');
    this.parts.measures.leasesGranted++;
    return response;
  }

  async leaseRevoke(id: bigint, context?: CallContext): Promise<LeaseRevokeResponse> {
    this.checkLeader(context);
    const response = responseOf(await this.submit({ type: 'leaseRevoke', id }, context), 'leaseRevoke');
    this.parts.measures.leasesRevoked++;
    return response;
  }

  async leaseKeepAlive(id: bigint, context?: CallContext): Promise<LeaseKeepAliveResponse> {
    this.checkLeader(context);
    this.parts.measures.leasesRenewed++;
    return this.parts.leases.keepAlive(id);
  }

  async leaseTimeToLive(request: LeaseTimeToLiveRequest, context?: CallContext): Promise<LeaseTimeToLiveResponse> {
    this.checkLeader(context);
    await this.linearize();
    return this.parts.leases.timeToLive(request);
  }

  async leaseLeases(context?: CallContext): Promise<LeaseLeasesResponse> {
    this.checkLeader(context);
    return this.parts.leases.list();
  }

  async watch(request: WatchRequest, context?: CallContext): Promise<Watch> {
    this.checkLeader(context);
    const watch = this.parts.hub.open(request);
    context?.signal?.addEventListener('abort', () => watch.close(), { once: true });
    if (context?.signal?.aborted) watch.close();
    return watch;
  }

  status(): Promise<StatusResponse> {
    return this.parts.status();
  }

  private checkLeader(context: CallContext | undefined): void {
    if (context?.requireLeader && !this.parts.hasLeader()) throw new ApiError('no_leader');
  }

  private linearize(): Promise<void> | undefined {
    return this.parts.reads.linearizable(this.parts.clock.monotonicMs());
  }

  private submit(body: CommandBody, context: CallContext | undefined): Promise<CommandResult> {
    const costBytes = quotaCostBytes(body);
    if (costBytes > 0) this.parts.reserve(costBytes);
    return this.parts.proposer.submit(body, context?.signal);
  }
}

/** Only ranges at the top level: a nested transaction counts as a write (as etcd routes it). */
function isReadOnly(request: TxnRequest): boolean {
  return request.success.every((op) => op.type === 'range') && request.failure.every((op) => op.type === 'range');
}

function isSerializable(request: TxnRequest): boolean {
  const serializable = (ops: TxnRequest['success']): boolean => ops.every((op) => op.type === 'range' && op.request.serializable === true);
  return serializable(request.success) && serializable(request.failure);
}
