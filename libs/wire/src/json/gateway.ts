import { GrpcCode } from '@quorate/api';
import { type GrpcStatus, httpStatusOf } from '../grpc/status';

/** How etcd 3.6's gateway wraps messages and errors. Up to 3.5 an error had its text under `error` as well; 3.6 has no such field. */

/** Body of an error answer; the status line is `httpStatusOf(status.code)`. */
export function gatewayErrorBody({ code, message }: GrpcStatus): string {
  const parts: string[] = [];
  if (code !== GrpcCode.OK) parts.push(`"code":${code}`);
  if (message !== '') parts.push(`"message":${JSON.stringify(message)}`);
  return `{${parts.join(',')}}`;
}

/** One line of a streaming answer. */
export function gatewayStreamResult(json: string): string {
  return `{"result":${json}}\n`;
}

/** The last line of a streaming answer that failed; where nothing went before it, the status line tells the code too. */
export function gatewayStreamError(status: GrpcStatus): string {
  return `{"error":${gatewayErrorBody(status)}}\n`;
}

/** What the gateway answers where no method has this path, and where one has it but not for this verb. */
export const GATEWAY_NOT_FOUND: GrpcStatus = { code: GrpcCode.NOT_FOUND, message: 'Not Found' };
export const GATEWAY_METHOD_NOT_ALLOWED: GrpcStatus = { code: GrpcCode.UNIMPLEMENTED, message: 'Method Not Allowed' };

/** A request body that is no JSON of the message: InvalidArgument, in the gateway always. */
export function gatewayDecodeStatus(error: Error): GrpcStatus {
  return { code: GrpcCode.INVALID_ARGUMENT, message: error.message };
}

/** Status line and body of an error answer. */
export function gatewayError(status: GrpcStatus): { readonly httpStatus: number; readonly body: string } {
  return { httpStatus: httpStatusOf(status.code), body: gatewayErrorBody(status) };
}
