import type { IncomingMessage, ServerResponse } from 'node:http';
import { GrpcCode } from '@quorate/api';
import {
  DecodeError, decodeJson, encodeJson, gatewayDecodeStatus, gatewayError, type GrpcStatus, grpcStatusOf,
} from '@quorate/wire';
import type { ServedUnary } from '../etcd/method';
import { DEADLINE_STATUS, HttpCall } from './http-call';
import type { GatewayLimits } from './limits';

/** What a sender of too much may still send before its connection is cut, so that it gets to read the answer. */
const DISCARDED_BYTES_MAX = 16 * 1024 * 1024;

/** Reads the body, carries the call out and answers it. */
export function serveUnary(served: ServedUnary, request: IncomingMessage, response: ServerResponse, limits: GatewayLimits): void {
  const call = new HttpCall(request);
  response.on('close', () => call.cancel());
  call.startDeadline(() => answerError(response, DEADLINE_STATUS));
  readBody(request, limits, (body) => {
    if (call.isOver) return;
    runUnary(served, body, call).then(
      (json) => {
        if (call.isOver) return;
        call.finish();
        answerJson(response, json);
      },
      (error: unknown) => {
        if (call.isOver) return;
        call.finish();
        answerError(response, statusOf(error));
      },
    );
  }, (status) => {
    if (call.isOver) return;
    call.finish();
    refuseBody(request, response, status);
  });
}

/** A call on JSON. @throws (rejects) DecodeError for what is no JSON of the request, and what the method refuses with */
export async function runUnary({ method, handle }: ServedUnary, body: Buffer | string, call: HttpCall): Promise<string> {
  return encodeJson(method.response, await handle(decodeJson(method.request, body), call));
}

/** In the gateway a request that cannot be read is the caller's fault; over gRPC it is internal. */
export function statusOf(error: unknown): GrpcStatus {
  return error instanceof DecodeError ? gatewayDecodeStatus(error) : grpcStatusOf(error);
}

/** As gRPC says it of a message that is over the limit. */
export function tooLargeStatus(bytes: number, bytesMax: number): GrpcStatus {
  return { code: GrpcCode.RESOURCE_EXHAUSTED, message: `grpc: received message larger than max (${bytes} vs. ${bytesMax})` };
}

export function answerError(response: ServerResponse, status: GrpcStatus): void {
  const { httpStatus, body } = gatewayError(status);
  const bytes = Buffer.from(body);
  response.writeHead(httpStatus, errorHeaders(status, bytes.length));
  response.end(bytes);
}

function answerJson(response: ServerResponse, json: string): void {
  const bytes = Buffer.from(json);
  response.writeHead(200, {
    'Content-Type': 'application/json', 'Grpc-Metadata-Content-Type': 'application/grpc', 'Content-Length': bytes.length,
  });
  response.end(bytes);
}

function errorHeaders(status: GrpcStatus, length: number): Record<string, string | number> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': length };
  return status.code === GrpcCode.UNAUTHENTICATED ? { ...headers, 'WWW-Authenticate': status.message } : headers;
}

/** Calls one of the two back once, or neither if the connection breaks. */
function readBody(
  request: IncomingMessage, limits: GatewayLimits, onBody: (body: Buffer) => void, onRefused: (status: GrpcStatus) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const stalled = setTimeout(() => request.destroy(), limits.bodyIdleMs);
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > limits.bodyBytesMax) {
      stop();
      onRefused(tooLargeStatus(Number(request.headers['content-length'] ?? length), limits.bodyBytesMax));
      return;
    }
    stalled.refresh();
    chunks.push(chunk);
  };
  const onEnd = (): void => {
    stop();
    onBody(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  };
  const stop = (): void => {
    clearTimeout(stalled);
    request.off('data', onData).off('end', onEnd).off('close', stop);
  };
  request.on('data', onData).on('end', onEnd).on('close', stop);
}

/** Answers before the whole body is there, and takes some of the rest in, so that the answer is read and not lost by a reset. */
function refuseBody(request: IncomingMessage, response: ServerResponse, status: GrpcStatus): void {
  const { httpStatus, body } = gatewayError(status);
  const bytes = Buffer.from(body);
  response.writeHead(httpStatus, { ...errorHeaders(status, bytes.length), Connection: 'close' });
  response.write(bytes);
  if (request.complete) {
    response.end();
    return;
  }
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > DISCARDED_BYTES_MAX) response.end();
  });
  request.on('end', () => response.end());
}
