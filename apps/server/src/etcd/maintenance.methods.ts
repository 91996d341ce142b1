import { createHash } from 'node:crypto';
import type { KvApi, MaintenanceApi, SnapshotChunk } from '@quorate/api';
import { grpcStatusOf, type NoFields, services } from '@quorate/wire';
import { type MessageStream, type ServedMethod, streaming, unary } from './method';

type SnapshotStream = MessageStream<NoFields, SnapshotChunk>;

/** `etcdserverpb.Maintenance`; `Downgrade` is answered as unimplemented by whoever carries the calls. */
export function maintenanceMethods(kv: KvApi, maintenance: MaintenanceApi): ServedMethod[] {
  return [
    unary(services.Maintenance.Alarm, (request) => maintenance.alarm(request)),
    unary(services.Maintenance.Status, async () => ({
      ...await kv.status(), downgradeInfo: { enabled: false, targetVersion: '' },
    })),
    unary(services.Maintenance.Defragment, async () => {
      await maintenance.defragment();
      return {};
    }),
    unary(services.Maintenance.Hash, () => maintenance.hash()),
    unary(services.Maintenance.HashKV, (request) => maintenance.hashKv(request.revision)),
    unary(services.Maintenance.MoveLeader, async (request) => {
      await maintenance.moveLeader(request.targetId);
      return {};
    }),
    streaming(services.Maintenance.Snapshot, (stream) => serveSnapshot(maintenance, stream)),
  ];
}

/** `etcdserverpb.Cluster` of one member: changes of membership are unimplemented. */
export function clusterMethods(maintenance: MaintenanceApi): ServedMethod[] {
  return [
    unary(services.Cluster.MemberList, (request) => maintenance.memberList(request.linearizable)),
  ];
}

/** The store in pieces, then the SHA-256 of all of them in a message of its own, as `etcdctl snapshot save` expects. */
function serveSnapshot(maintenance: MaintenanceApi, stream: SnapshotStream): void {
  let cancelled = false;
  let wake: (() => void) | undefined;
  stream.onDrain(() => wake?.());
  stream.onCancel(() => {
    cancelled = true;
    wake?.();
  });
  const sendAll = async (): Promise<void> => {
    const hash = createHash('sha256');
    let last: SnapshotChunk | undefined;
    for await (const chunk of maintenance.snapshot()) {
      hash.update(chunk.blob);
      last = chunk;
      if (!stream.send(chunk)) await new Promise<void>((resolve) => { wake = resolve; });
      if (cancelled) return;
    }
    if (last) stream.send({ ...last, remainingBytes: 0, blob: hash.digest() });
    stream.end();
  };
  stream.onMessage(() => {
    sendAll().catch((error: unknown) => stream.end(grpcStatusOf(error)));
  });
}
