import { GrpcCode } from '@quorate/api';
import type { GrpcStatus } from '@quorate/wire';
import type { MessageStream } from '../etcd/method';
import type { MethodCounts } from './method-counts';
import type { MetricsRegistry } from './metrics-registry';

/** Told of what passes through a counted stream. */
export interface StreamSizes<Request, Response> {
  received(request: Request): void;
  sent(response: Response): void;
}

/** A stream whose messages and end are counted, of bytes or of messages alike. */
export class CountedStream<Request, Response> implements MessageStream<Request, Response> {
  readonly peer: string;
  private readonly cancelListeners: (() => void)[] = [];
  private ended = false;

  constructor(
    private readonly stream: MessageStream<Request, Response>,
    private readonly counts: MethodCounts,
    metrics: MetricsRegistry,
    private readonly sizes: StreamSizes<Request, Response>,
  ) {
    this.peer = stream.peer;
    counts.started++;
    metrics.clientRequest('stream', stream.metadata('client-api-version'));
    stream.onCancel(() => {
      this.count(GrpcCode.CANCELLED);
      for (const listener of this.cancelListeners) listener();
    });
  }

  metadata(name: string): string | undefined {
    return this.stream.metadata(name);
  }

  onCancel(listener: () => void): void {
    this.cancelListeners.push(listener);
  }

  onMessage(listener: (request: Request) => void): void {
    this.stream.onMessage((request) => {
      this.counts.received++;
      this.sizes.received(request);
      listener(request);
    });
  }

  onHalfClose(listener: () => void): void {
    this.stream.onHalfClose(listener);
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  send(response: Response): boolean {
    this.counts.sent++;
    this.sizes.sent(response);
    return this.stream.send(response);
  }

  onDrain(listener: () => void): void {
    this.stream.onDrain(listener);
  }

  end(status?: GrpcStatus): void {
    this.count(status?.code ?? GrpcCode.OK);
    this.stream.end(status);
  }

  private count(code: GrpcCode): void {
    if (this.ended) return;
    this.ended = true;
    this.counts.end(code);
  }
}
