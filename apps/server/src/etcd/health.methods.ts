import { GrpcCode } from '@quorate/api';
import { GrpcStatusError, services, ServingStatus } from '@quorate/wire';
import { type ServedMethod, streaming, unary } from './method';

/** `grpc.health.v1.Health`: the server as a whole, as etcd registers it. */
export function healthMethods(): ServedMethod[] {
  return [
    unary(services.Health.Check, async ({ service }) => {
      if (service !== '') throw new GrpcStatusError(GrpcCode.NOT_FOUND, 'unknown service');
      return { status: ServingStatus.SERVING };
    }),
    streaming(services.Health.Watch, (stream) => {
      stream.onMessage(({ service }) => {
        stream.send({ status: service === '' ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN });
      });
      stream.onCancel(() => stream.end());
    }),
  ];
}
