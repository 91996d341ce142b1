import { ApiError, ERROR_TABLE, type ErrorCode, GrpcCode } from '@quorate/api';

const codeByText = new Map<string, ErrorCode>(Object.entries(ERROR_TABLE).map(([code, { text }]) => [text, code as ErrorCode]));

/** What a status means whose text is none of etcd's own. The outcome of a write is unknown unless the code says otherwise. */
const CODE_OF_STATUS: Partial<Record<GrpcCode, ErrorCode>> = {
  [GrpcCode.CANCELLED]: 'cancelled',
  [GrpcCode.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [GrpcCode.PERMISSION_DENIED]: 'permission_denied',
  [GrpcCode.RESOURCE_EXHAUSTED]: 'request_too_large',
  [GrpcCode.UNIMPLEMENTED]: 'unimplemented',
  [GrpcCode.UNAVAILABLE]: 'timeout_connection_lost',
  [GrpcCode.UNAUTHENTICATED]: 'auth_token_invalid',
};

/**
 * The refusal behind the status of a call. etcd's clients go by the text, since the status codes of a few refusals
 * changed between its versions; what etcd did not say itself is told apart by its status.
 */
export function apiErrorOf(grpcCode: number, message: string): ApiError {
  const known = codeByText.get(message);
  if (known !== undefined) return new ApiError(known);
  return new ApiError(CODE_OF_STATUS[grpcCode as GrpcCode] ?? 'internal', message);
}

/** Refusals that say something about the member or the way to it, so that another member may do better. */
const MEMBER_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unreachable', 'no_leader', 'leader_changed', 'stopped', 'timeout', 'timeout_leader_failure', 'timeout_connection_lost',
  'timeout_applied_index', 'unhealthy', 'not_supported_for_learner',
]);

export function isMemberFault(error: ApiError): boolean {
  return MEMBER_FAULTS.has(error.code);
}
