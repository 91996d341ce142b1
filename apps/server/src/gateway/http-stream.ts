import type { IncomingMessage, ServerResponse } from 'node:http';
import { GrpcCode } from '@quorate/api';
import { gatewayError, gatewayStreamError, gatewayStreamResult, type GrpcStatus, httpStatusOf } from '@quorate/wire';
import type { ServedStream } from '../etcd/method';
import { GatewayStream, type StreamCarrier } from './gateway-stream';
import { DEADLINE_STATUS, HttpCall } from './http-call';
import type { GatewayLimits } from './limits';

/**
 * A streaming method over HTTP/1.1: the body is JSON messages one after the other, the answer one line per message. It
 * ends when the method ends it or the caller goes.
 */
export function serveStream(served: ServedStream, request: IncomingMessage, response: ServerResponse, limits: GatewayLimits): void {
  const call = new HttpCall(request);
  const carrier = new LinesCarrier(request, response);
  const stream = new GatewayStream(served, call, carrier, limits.bodyBytesMax);
  response.on('close', () => call.cancel());
  response.on('drain', () => stream.drained());
  call.startDeadline(() => carrier.end(DEADLINE_STATUS));
  served.open(stream);
  request.on('data', (piece: Buffer) => stream.receive(piece));
  request.on('end', () => stream.receiveEnd());
}

class LinesCarrier implements StreamCarrier {
  constructor(private readonly request: IncomingMessage, private readonly response: ServerResponse) {}

  sendMessage(json: string): boolean {
    this.begin();
    return this.response.write(gatewayStreamResult(json));
  }

  end(status: GrpcStatus): void {
    if (status.code === GrpcCode.OK) {
      this.begin();
      this.response.end();
      return;
    }
    if (!this.response.headersSent) this.response.writeHead(httpStatusOf(status.code), { 'Content-Type': 'application/json' });
    this.response.end(gatewayStreamError(status));
  }

  refuse(status: GrpcStatus): void {
    if (this.response.headersSent) {
      this.response.end(gatewayStreamError(status));
      return;
    }
    const { httpStatus, body } = gatewayError(status);
    this.response.writeHead(httpStatus, { 'Content-Type': 'application/json', Connection: 'close' });
    this.response.end(body);
  }

  pause(): void {
    this.request.pause();
  }

  resume(): void {
    this.request.resume();
  }

  private begin(): void {
    if (this.response.headersSent) return;
    this.response.writeHead(200, { 'Content-Type': 'application/json', 'Grpc-Metadata-Content-Type': 'application/grpc' });
  }
}
