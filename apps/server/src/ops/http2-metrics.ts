import type { Http2Counters } from '@quorate/wire';
import type { MetricsRegistry } from './metrics-registry';

/** What gRPC connections are, and what was done about clients that ask for too much. */
export function addHttp2Metrics(metrics: MetricsRegistry, counters: Http2Counters): void {
  metrics.gauge('quorate_http2_connections', 'gRPC connections that are open.', () => counters.openConnections);
  metrics.gauge('quorate_http2_streams', 'gRPC calls that are under way.', () => counters.openStreams);
  metrics.counter('quorate_http2_connections_total', 'gRPC connections that were opened.', () => counters.connections);
  metrics.counter('quorate_http2_streams_total', 'gRPC calls that were begun.', () => counters.streams);
  metrics.counter('quorate_http2_stream_ends_total', 'gRPC calls that did not end as their handler would have it, by cause.', () => [
    { labels: { cause: 'client_reset' }, value: counters.resets },
    { labels: { cause: 'deadline' }, value: counters.deadlinesExceeded },
    { labels: { cause: 'malformed' }, value: counters.malformedRequests },
    { labels: { cause: 'header_list' }, value: counters.headerListOverflows },
    { labels: { cause: 'too_many_streams' }, value: counters.refusedForStreams },
    { labels: { cause: 'unread_answers' }, value: counters.refusedForPendingBytes },
    { labels: { cause: 'unfinished_requests' }, value: counters.unreadOverflows },
  ], ['cause']);
  metrics.counter('quorate_http2_connection_faults_total', 'gRPC connections that were ended, by cause.', () => [
    { labels: { cause: 'protocol' }, value: counters.protocolErrors },
    { labels: { cause: 'header_flood' }, value: counters.headerBlockFloods },
    { labels: { cause: 'idle_frame_flood' }, value: counters.idleFrameFloods },
    { labels: { cause: 'reset_flood' }, value: counters.resetFloods },
    { labels: { cause: 'too_many_pings' }, value: counters.tooManyPings },
    { labels: { cause: 'unread_output' }, value: counters.unwrittenOverflows },
    { labels: { cause: 'write_stall' }, value: counters.writeStalls },
    { labels: { cause: 'handshake_timeout' }, value: counters.handshakeTimeouts },
    { labels: { cause: 'keep_alive_timeout' }, value: counters.keepAliveTimeouts },
  ], ['cause']);
}
