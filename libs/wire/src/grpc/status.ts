import { ApiError, GrpcCode } from '@quorate/api';
import { DecodeError } from '../protobuf/decode-error';

/** A call that ends with a status other than one of the API's own refusals: the transport's and the decoder's errors. */
export class GrpcStatusError extends Error {
  override readonly name = 'GrpcStatusError';

  constructor(readonly code: GrpcCode, message: string) {
    super(message);
  }
}

export interface GrpcStatus {
  readonly code: GrpcCode;
  readonly message: string;
}

/** The status that a failed call is answered with. What nobody foresaw is UNKNOWN with its own text, as grpc-go answers. */
export function grpcStatusOf(error: unknown): GrpcStatus {
  if (error instanceof ApiError) return { code: error.grpcCode, message: error.message };
  if (error instanceof GrpcStatusError) return { code: error.code, message: error.message };
  if (error instanceof DecodeError) return { code: GrpcCode.INTERNAL, message: `grpc: error unmarshalling request: ${error.message}` };
  return { code: GrpcCode.UNKNOWN, message: error instanceof Error ? error.message : String(error) };
}

/** For a message of a stream that cannot be decoded; grpc-go words it otherwise than a unary request. */
export function streamDecodeStatus(error: DecodeError): GrpcStatus {
  return { code: GrpcCode.INTERNAL, message: `grpc: failed to unmarshal the received message: ${error.message}` };
}

const HTTP_STATUS: Readonly<Record<GrpcCode, number>> = {
  [GrpcCode.OK]: 200,
  [GrpcCode.CANCELLED]: 499,
  [GrpcCode.UNKNOWN]: 500,
  [GrpcCode.INVALID_ARGUMENT]: 400,
  [GrpcCode.DEADLINE_EXCEEDED]: 504,
  [GrpcCode.NOT_FOUND]: 404,
  [GrpcCode.ALREADY_EXISTS]: 409,
  [GrpcCode.PERMISSION_DENIED]: 403,
  [GrpcCode.RESOURCE_EXHAUSTED]: 429,
  [GrpcCode.FAILED_PRECONDITION]: 400,
  [GrpcCode.ABORTED]: 409,
  [GrpcCode.OUT_OF_RANGE]: 400,
  [GrpcCode.UNIMPLEMENTED]: 501,
  [GrpcCode.INTERNAL]: 500,
  [GrpcCode.UNAVAILABLE]: 503,
  [GrpcCode.DATA_LOSS]: 500,
  [GrpcCode.UNAUTHENTICATED]: 401,
};

/** HTTP status that the JSON gateway answers with for a gRPC status. */
export function httpStatusOf(code: GrpcCode): number {
  return HTTP_STATUS[code];
}
