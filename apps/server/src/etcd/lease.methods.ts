import type { KvApi } from '@quorate/api';
import { grpcStatusOf, services } from '@quorate/wire';
import { contextOf, type MessageStream, type ServedMethod, streaming, unary } from './method';

type KeepAliveStream = MessageStream<{ readonly id: bigint }, unknown>;

/** Keep-alives of one stream that may be under way at once; the caller gets no credit for more. */
const KEEP_ALIVES_UNDER_WAY_MAX = 1000;

/** `etcdserverpb.Lease` */
export function leaseMethods(kv: KvApi): ServedMethod[] {
  return [
    unary(services.Lease.LeaseGrant, (request, call) => kv.leaseGrant(request, contextOf(call))),
    unary(services.Lease.LeaseRevoke, (request, call) => kv.leaseRevoke(request.id, contextOf(call))),
    unary(services.Lease.LeaseTimeToLive, (request, call) => kv.leaseTimeToLive(request, contextOf(call))),
    unary(services.Lease.LeaseLeases, (_request, call) => kv.leaseLeases(contextOf(call))),
    streaming(services.Lease.LeaseKeepAlive, (stream) => serveKeepAlives(kv, stream)),
  ];
}

/** Answers in the order of the requests, though they are carried out side by side. */
function serveKeepAlives(kv: KvApi, stream: KeepAliveStream): void {
  let answered: Promise<void> = Promise.resolve();
  let underWay = 0;
  let halfClosed = false;
  let failed = false;
  const fail = (error: unknown): void => {
    failed = true;
    stream.end(grpcStatusOf(error));
  };
  const finishOne = (): void => {
    underWay--;
    if (underWay === KEEP_ALIVES_UNDER_WAY_MAX - 1) stream.resume();
    if (halfClosed && underWay === 0 && !failed) stream.end();
  };
  stream.onMessage(({ id }) => {
    underWay++;
    if (underWay === KEEP_ALIVES_UNDER_WAY_MAX) stream.pause();
    const renewal = kv.leaseKeepAlive(id, contextOf(stream));
    renewal.catch(() => undefined);
    answered = answered.then(async () => {
      try {
        const response = await renewal;
        if (!failed) stream.send(response);
      } catch (error) {
        if (!failed) fail(error);
      } finally {
        finishOne();
      }
    });
  });
  stream.onHalfClose(() => {
    halfClosed = true;
    if (underWay === 0 && !failed) stream.end();
  });
  stream.onCancel(() => { failed = true; });
}
