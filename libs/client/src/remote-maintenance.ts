import type { ServiceError } from '@grpc/grpc-js';
import type {
  AlarmRequest, AlarmResponse, CallContext, HashKvResponse, HashResponse, MaintenanceApi, MemberListResponse, SnapshotChunk,
} from '@quorate/api';
import { services } from '@quorate/wire';
import type { EndpointSet } from './endpoint-set';
import { apiErrorOf } from './status-error';
import type { UnaryCaller } from './unary-caller';

/**
 * `etcdserverpb.Maintenance` and `Cluster` of whichever member is connected; to ask a certain one, make a client with
 * that endpoint alone. What may take long has no deadline but the caller's signal.
 */
export class RemoteMaintenance implements Omit<MaintenanceApi, 'header'> {
  constructor(private readonly endpoints: EndpointSet, private readonly caller: UnaryCaller) {}

  alarm(request: AlarmRequest, context?: CallContext): Promise<AlarmResponse> {
    return this.caller.call(services.Maintenance.Alarm, request, 'repeatable', context);
  }

  async defragment(context?: CallContext): Promise<void> {
    await this.caller.call(services.Maintenance.Defragment, {}, 'once', context, Infinity);
  }

  hash(context?: CallContext): Promise<HashResponse> {
    return this.caller.call(services.Maintenance.Hash, {}, 'repeatable', context, Infinity);
  }

  hashKv(revision: number, context?: CallContext): Promise<HashKvResponse> {
    return this.caller.call(services.Maintenance.HashKV, { revision }, 'repeatable', context, Infinity);
  }

  /**
   * The pieces of the store. etcd sends the SHA-256 of all pieces as one more at the end, so that what is saved can be
   * checked later.
   */
  async *snapshot(context: CallContext = {}): AsyncIterable<SnapshotChunk> {
    const scope = this.caller.open(context.signal, Infinity);
    try {
      const connection = await this.endpoints.acquire(scope);
      const stream = connection.serverStream(services.Maintenance.Snapshot, {});
      const takeBack = scope.onEnd(() => stream.cancel());
      try {
        for await (const chunk of stream) yield chunk as SnapshotChunk;
      } catch (error) {
        const { code, details } = error as ServiceError;
        throw scope.ended ?? apiErrorOf(code, details);
      } finally {
        takeBack();
        stream.cancel();
      }
    } finally {
      this.caller.release(scope);
    }
  }

  async moveLeader(targetId: bigint, context?: CallContext): Promise<void> {
    await this.caller.call(services.Maintenance.MoveLeader, { targetId }, 'once', context);
  }

  memberList(linearizable: boolean, context?: CallContext): Promise<MemberListResponse> {
    return this.caller.call(services.Cluster.MemberList, { linearizable }, 'repeatable', context);
  }
}
