import type {
  CallContext, CompactRequest, CompactResponse, DeleteRangeRequest, DeleteRangeResponse, KvApi, LeaseGrantRequest, LeaseGrantResponse,
  LeaseKeepAliveResponse, LeaseLeasesResponse, LeaseRevokeResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, PutRequest,
  PutResponse, RangeRequest, RangeResponse, RequestOp, StatusResponse, TxnRequest, TxnResponse, Watch, WatchRequest,
} from '@quorate/api';
import { services } from '@quorate/wire';
import { EndpointSet } from './endpoint-set';
import { KeepAliveChannel } from './keep-alive-channel';
import { type RemoteApiOptions, settingsOf } from './options';
import { RemoteMaintenance } from './remote-maintenance';
import { UnaryCaller } from './unary-caller';
import { WatchChannel } from './watch-channel';

/**
 * The store over gRPC: a Quorate cluster, or a real etcd (3.3 and later). It uses one member at a time and goes to the
 * next one when that fails. Reads are repeated, writes only where it is certain that they were not carried out;
 * `ApiError.outcome` says whether a write that failed may have happened all the same.
 */
export class RemoteApi implements KvApi {
  readonly maintenance: RemoteMaintenance;
  private readonly endpoints: EndpointSet;
  private readonly caller: UnaryCaller;
  private readonly watches: WatchChannel;
  private readonly keepAlives: KeepAliveChannel;

  /** @throws TypeError where an endpoint cannot be read, or there is none */
  constructor(options: RemoteApiOptions) {
    const settings = settingsOf(options);
    this.endpoints = new EndpointSet(settings);
    this.caller = new UnaryCaller(this.endpoints, settings);
    this.watches = new WatchChannel(this.endpoints, this.caller, settings);
    this.keepAlives = new KeepAliveChannel(this.endpoints, this.caller, settings);
    this.maintenance = new RemoteMaintenance(this.endpoints, this.caller);
  }

  range(request: RangeRequest, context?: CallContext): Promise<RangeResponse> {
    return this.caller.call(services.KV.Range, request, 'repeatable', context);
  }

  put(request: PutRequest, context?: CallContext): Promise<PutResponse> {
    return this.caller.call(services.KV.Put, request, 'once', context);
  }

  deleteRange(request: DeleteRangeRequest, context?: CallContext): Promise<DeleteRangeResponse> {
    return this.caller.call(services.KV.DeleteRange, request, 'once', context);
  }

  txn(request: TxnRequest, context?: CallContext): Promise<TxnResponse> {
    return this.caller.call(services.KV.Txn, request, isReadOnly(request) ? 'repeatable' : 'once', context);
  }

  compact(request: CompactRequest, context?: CallContext): Promise<CompactResponse> {
    return this.caller.call(services.KV.Compact, request, 'once', context, request.physical ? Infinity : undefined);
  }

  leaseGrant(request: LeaseGrantRequest, context?: CallContext): Promise<LeaseGrantResponse> {
    return this.caller.call(services.Lease.LeaseGrant, request, 'once', context);
  }

  leaseRevoke(id: bigint, context?: CallContext): Promise<LeaseRevokeResponse> {
    return this.caller.call(services.Lease.LeaseRevoke, { id }, 'once', context);
  }

  leaseKeepAlive(id: bigint, context?: CallContext): Promise<LeaseKeepAliveResponse> {
    return this.keepAlives.renew(id, context);
  }

  leaseTimeToLive(request: LeaseTimeToLiveRequest, context?: CallContext): Promise<LeaseTimeToLiveResponse> {
    return this.caller.call(services.Lease.LeaseTimeToLive, request, 'repeatable', context);
  }

  leaseLeases(context?: CallContext): Promise<LeaseLeasesResponse> {
    return this.caller.call(services.Lease.LeaseLeases, {}, 'repeatable', context);
  }

  watch(request: WatchRequest, context?: CallContext): Promise<Watch> {
    return this.watches.open(request, context);
  }

  status(context?: CallContext): Promise<StatusResponse> {
    return this.caller.call(services.Maintenance.Status, {}, 'repeatable', context);
  }

  /** Ends everything that is under way and all connections; nothing keeps the process alive afterwards. */
  close(): void {
    this.watches.close();
    this.keepAlives.close();
    this.caller.close();
    this.endpoints.close();
  }
}

function isReadOnly({ success, failure }: TxnRequest): boolean {
  const reads = (ops: readonly RequestOp[]): boolean => ops.every((op) => op.type === 'range' || (op.type === 'txn' && isReadOnly(op.request)));
  return reads(success) && reads(failure);
}
