import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { GrpcCode } from '@quorate/api';
import type { Durations } from '@quorate/core';
import type { MethodKind } from '@quorate/wire';
import { countsByPath, type MethodCounts } from './method-counts';
import { ReadHistogram } from './read-histogram';

/** Client API versions that are told apart; what comes after them is one more, so that callers cannot fill the memory. */
const CLIENT_VERSIONS_MAX = 64;
/** How often the delay of the event loop is sampled, in milliseconds. */
const LOOP_SAMPLE_MS = 100;

/** A number, or one per set of label values. */
export type Reading = number | readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

/**
 * The numbers of one member. What happens often is counted in plain fields; all else is read when somebody asks, so that
 * nothing but the counting costs anything between two scrapes.
 */
export class MetricsRegistry {
  grpcReceivedBytes = 0;
  grpcSentBytes = 0;
  healthSuccesses = 0;
  healthFailures = 0;
  private readonly registry = new Registry();
  private readonly counts = countsByPath();
  private readonly clientRequests = new Map<string, number>();
  private readonly checks = new Map<string, { readonly type: string; readonly name: string; passed: number; failed: number; last: number }>();

  constructor() {
    this.addServerMetrics();
    this.addGrpcMetrics();
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  }

  /** @param path of a method that is in the table of services */
  countsOf(path: string): MethodCounts {
    const counts = this.counts.get(path);
    if (!counts) throw new Error(`no method has the path ${path}`);
    return counts;
  }

  clientRequest(type: 'unary' | 'stream', clientApiVersion = 'unknown'): void {
    const key = `${type} ${clientApiVersion}`;
    const count = this.clientRequests.get(key);
    if (count !== undefined) this.clientRequests.set(key, count + 1);
    else if (this.clientRequests.size < CLIENT_VERSIONS_MAX || clientApiVersion === 'unknown') this.clientRequests.set(key, 1);
    else this.clientRequest(type);
  }

  /** The outcome of one check of `/livez` or `/readyz`. */
  checked(type: string, name: string, passed: boolean): void {
    const key = `${type}/${name}`;
    const check = this.checks.get(key) ?? { type, name, passed: 0, failed: 0, last: 0 };
    this.checks.set(key, check);
    check.last = passed ? 1 : 0;
    if (passed) check.passed++;
    else check.failed++;
  }

  counter(name: string, help: string, read: () => Reading | Promise<Reading>, labelNames: readonly string[] = []): void {
    const counter: Counter = new Counter({
      name, help, labelNames: [...labelNames], registers: [this.registry],
      collect: async () => {
        const reading = await read();
        counter.reset();
        if (typeof reading === 'number') counter.inc(reading);
        else for (const { labels, value } of reading) counter.inc(labels, value);
      },
    });
  }

  gauge(name: string, help: string, read: () => Reading | Promise<Reading>, labelNames: readonly string[] = []): void {
    const gauge: Gauge = new Gauge({
      name, help, labelNames: [...labelNames], registers: [this.registry],
      collect: async () => {
        const reading = await read();
        if (typeof reading === 'number') return gauge.set(reading);
        gauge.reset();
        for (const { labels, value } of reading) gauge.set(labels, value);
      },
    });
  }

  /** In seconds, as Prometheus has all times. */
  histogram(name: string, help: string, durations: Durations): void {
    this.registry.registerMetric(new ReadHistogram(name, help, durations));
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private addServerMetrics(): void {
    this.counter('etcd_network_client_grpc_received_bytes_total', 'The total number of bytes received from grpc clients.', () => this.grpcReceivedBytes);
    this.counter('etcd_network_client_grpc_sent_bytes_total', 'The total number of bytes sent to grpc clients.', () => this.grpcSentBytes);
    this.counter('etcd_server_health_success', 'The total number of successful health checks', () => this.healthSuccesses);
    this.counter('etcd_server_health_failures', 'The total number of failed health checks', () => this.healthFailures);
    this.counter('etcd_server_client_requests_total', 'The total number of client requests per client version.', () => (
      [...this.clientRequests].map(([key, value]) => {
        const space = key.indexOf(' ');
        return { labels: { type: key.slice(0, space), client_api_version: key.slice(space + 1) }, value };
      })
    ), ['type', 'client_api_version']);
    this.gauge('etcd_server_healthcheck', 'The result of each kind of healthcheck.', () => (
      [...this.checks.values()].map(({ type, name, last }) => ({ labels: { type, name }, value: last }))
    ), ['type', 'name']);
    this.counter('etcd_server_healthchecks_total', 'The total number of each kind of healthcheck.', () => (
      [...this.checks.values()].flatMap(({ type, name, passed, failed }) => [
        { labels: { type, name, status: 'success' }, value: passed }, { labels: { type, name, status: 'error' }, value: failed },
      ])
    ), ['type', 'name', 'status']);
  }

  private addGrpcMetrics(): void {
    const perMethod = (read: (counts: MethodCounts) => number) => (): Reading => (
      [...this.counts.values()].map((counts) => ({ labels: labelsOf(counts), value: read(counts) }))
    );
    this.counter('grpc_server_started_total', 'Total number of RPCs started on the server.', perMethod(({ started }) => started), METHOD_LABELS);
    this.counter('grpc_server_msg_received_total', 'Total number of RPC stream messages received on the server.', perMethod(({ received }) => received), METHOD_LABELS);
    this.counter('grpc_server_msg_sent_total', 'Total number of gRPC stream messages sent by the server.', perMethod(({ sent }) => sent), METHOD_LABELS);
    this.counter('grpc_server_handled_total', 'Total number of RPCs completed on the server, regardless of success or failure.', () => (
      [...this.counts.values()].flatMap((counts) => counts.handled.map((value, code) => (
        { labels: { ...labelsOf(counts), grpc_code: CODE_NAMES[code as GrpcCode] }, value }
      )))
    ), [...METHOD_LABELS, 'grpc_code']);
  }
}

const METHOD_LABELS = ['grpc_type', 'grpc_service', 'grpc_method'];

const KIND_NAMES: Readonly<Record<MethodKind, string>> = {
  unary: 'unary', serverStreaming: 'server_stream', clientStreaming: 'client_stream', bidi: 'bidi_stream',
};

/** As grpc-go spells the codes. */
const CODE_NAMES: Readonly<Record<GrpcCode, string>> = {
  [GrpcCode.OK]: 'OK', [GrpcCode.CANCELLED]: 'Canceled', [GrpcCode.UNKNOWN]: 'Unknown', [GrpcCode.INVALID_ARGUMENT]: 'InvalidArgument',
  [GrpcCode.DEADLINE_EXCEEDED]: 'DeadlineExceeded', [GrpcCode.NOT_FOUND]: 'NotFound', [GrpcCode.ALREADY_EXISTS]: 'AlreadyExists',
  [GrpcCode.PERMISSION_DENIED]: 'PermissionDenied', [GrpcCode.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [GrpcCode.FAILED_PRECONDITION]: 'FailedPrecondition', [GrpcCode.ABORTED]: 'Aborted', [GrpcCode.OUT_OF_RANGE]: 'OutOfRange',
  [GrpcCode.UNIMPLEMENTED]: 'Unimplemented', [GrpcCode.INTERNAL]: 'Internal', [GrpcCode.UNAVAILABLE]: 'Unavailable',
  [GrpcCode.DATA_LOSS]: 'DataLoss', [GrpcCode.UNAUTHENTICATED]: 'Unauthenticated',
};

function labelsOf({ kind, service, method }: MethodCounts): Record<string, string> {
  return { grpc_type: KIND_NAMES[kind], grpc_service: service, grpc_method: method };
}
