import { GrpcCode } from '@quorate/api';
import { type GrpcHandlers, grpcStatusOf, type GrpcStream, type UnaryHandler } from '@quorate/wire';
import type { ServedMethod, ServedStream, ServedUnary } from '../etcd/method';
import { CountedStream } from './counted-stream';
import type { MethodCounts } from './method-counts';
import type { MetricsRegistry } from './metrics-registry';

/** The same handlers, counted: calls, messages, codes and bytes. */
export function instrument(handlers: GrpcHandlers, metrics: MetricsRegistry): GrpcHandlers {
  return {
    unary: new Map([...handlers.unary].map(([path, handler]) => [path, countedUnary(handler, metrics, metrics.countsOf(path))])),
    streams: new Map([...handlers.streams].map(([path, handler]) => {
      const counts = metrics.countsOf(path);
      return [path, (stream: GrpcStream): void => handler(new CountedStream(stream, counts, metrics, {
        received: (message) => { metrics.grpcReceivedBytes += message.length; },
        sent: (frame) => { metrics.grpcSentBytes += frame.length; },
      }))];
    })),
  };
}

function countedUnary(handler: UnaryHandler, metrics: MetricsRegistry, counts: MethodCounts): UnaryHandler {
  return (message, call) => {
    counts.started++;
    counts.received++;
    metrics.grpcReceivedBytes += message.length;
    metrics.clientRequest('unary', call.metadata('client-api-version'));
    const answer = handler(message, call);
    answer.then((frame) => {
      counts.end(GrpcCode.OK);
      counts.sent++;
      metrics.grpcSentBytes += frame.length;
    }, (error: unknown) => counts.end(grpcStatusOf(error).code));
    return answer;
  };
}

/** The same methods, counted on messages: for the gateway, whose calls are calls like those of gRPC. */
export function instrumentMethods(methods: readonly ServedMethod[], metrics: MetricsRegistry): ServedMethod[] {
  return methods.map((served) => (served.kind === 'unary' ? countedMethod(served, metrics) : countedStreaming(served, metrics)));
}

function countedMethod(served: ServedUnary, metrics: MetricsRegistry): ServedUnary {
  const counts = metrics.countsOf(served.method.path);
  return {
    ...served,
    handle: (request, call) => {
      counts.started++;
      counts.received++;
      metrics.clientRequest('unary', call.metadata('client-api-version'));
      const answer = served.handle(request, call);
      answer.then(() => {
        counts.end(GrpcCode.OK);
        counts.sent++;
      }, (error: unknown) => counts.end(grpcStatusOf(error).code));
      return answer;
    },
  };
}

function countedStreaming(served: ServedStream, metrics: MetricsRegistry): ServedStream {
  const counts = metrics.countsOf(served.method.path);
  return { ...served, open: (stream) => served.open(new CountedStream(stream, counts, metrics, NO_SIZES)) };
}

const NO_SIZES = { received: (): void => undefined, sent: (): void => undefined };

