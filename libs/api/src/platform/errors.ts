import { type ApiError, type ErrorCode, type Outcome } from '../errors';

interface PlatformErrorRow {
  readonly status: number;
  readonly outcome: Outcome;
  /** The text where nobody has a more telling one. */
  readonly message: string;
  /** Seconds after which trying again is worth it. */
  readonly retryAfterSeconds?: number;
}

const refused = (status: number, message: string, retryAfterSeconds?: number): PlatformErrorRow => (
  retryAfterSeconds === undefined ? { status, outcome: 'not_applied', message } : { status, outcome: 'not_applied', message, retryAfterSeconds }
);
const unknown = (status: number, message: string): PlatformErrorRow => ({ status, outcome: 'unknown', message });

/** Every error code of the platform's REST API and WebSocket, with its HTTP status. Codes are stable; rows are only added. */
export const PLATFORM_ERROR_TABLE = {
  body_invalid: refused(400, 'the body is not a JSON object'),
  field_unknown: refused(400, 'there is no such field'),
  field_required: refused(400, 'the field is required'),
  field_invalid: refused(400, 'the value is not allowed here'),
  name_invalid: refused(400, 'a name begins with a letter or digit, has up to 255 of A-Z a-z 0-9 . _ : - and is none of: prometheus-sd, settings'),
  cursor_invalid: refused(400, 'the cursor is not one that this list gave out'),
  ttl_too_small: refused(400, 'the TTL is below the smallest that is granted'),
  content_malformed: refused(400, 'the content is not well-formed'),
  txn_invalid: refused(400, 'the transaction cannot be executed as it is'),
  request_invalid: refused(400, 'the request cannot be understood'),
  idempotency_key_invalid: refused(400, 'an Idempotency-Key has 1 to 255 visible ASCII characters'),
  fence_unsupported: refused(400, 'this call takes no fence'),
  unauthenticated: refused(401, 'credentials are missing or wrong'),
  permission_denied: refused(403, 'the credentials do not allow this'),
  origin_foreign: refused(403, 'pages of this origin may not use this server; name it with --cors'),
  route_unknown: refused(404, 'there is no such route'),
  frame_invalid: refused(400, 'the frame is not a JSON object with an id and an op'),
  frame_not_text: refused(400, 'frames are JSON in text frames, not binary'),
  op_unknown: refused(404, 'there is no such op'),
  topic_unknown: refused(404, 'there is no such topic'),
  subscription_unknown: refused(404, 'this socket has no such subscription'),
  subscription_exists: refused(409, 'this socket has a subscription with this id'),
  frame_too_large: refused(413, 'the frame is too large'),
  subscriptions_too_many: refused(429, 'this socket has as many subscriptions as one may have'),
  sessions_too_many: refused(429, 'this socket has as many sessions as one may have'),
  namespace_unknown: refused(404, 'there is no such namespace'),
  instance_unknown: refused(404, 'there is no such instance: register it again'),
  config_unknown: refused(404, 'there is no such configuration'),
  release_unknown: refused(404, 'there is no such release'),
  key_unknown: refused(404, 'there is no such key'),
  lease_unknown: refused(404, 'there is no such lease'),
  session_unknown: refused(404, 'there is no such session'),
  instance_replaced: refused(409, 'another registration took this id over'),
  version_conflict: refused(409, 'the version is another one by now'),
  revision_conflict: refused(409, 'the key was changed meanwhile'),
  namespace_not_empty: refused(409, 'the namespace is not empty; force=true deletes what is in it'),
  namespace_implicit: refused(409, 'the default namespace cannot be deleted'),
  idempotency_conflict: refused(409, 'this Idempotency-Key was used with another request'),
  idempotency_incomplete: refused(409, 'the call was applied, but its answer was lost'),
  wait_timeout: refused(409, 'the wait ended without its wish'),
  write_contended: refused(409, 'others changed the same thing all the time; try again', 1),
  compacted: refused(410, 'the history after this revision is gone; read the present state and go on from there'),
  fence_stale: refused(412, 'the lock or leadership is not held with this token any more'),
  body_too_large: refused(413, 'the body is too large'),
  content_too_large: refused(413, 'the content is too large'),
  host_foreign: refused(421, 'this host name is not known here; name it with --host-whitelist'),
  no_space: refused(507, 'the space quota is used up'),
  too_many_requests: refused(429, 'too many requests', 1),
  no_leader: refused(503, 'no leader', 1),
  stopping: unknown(503, 'the server stops'),
  timeout: unknown(504, 'the request timed out'),
  revision_not_reached: refused(504, 'the revision was not reached in time'),
  unimplemented: refused(501, 'not implemented'),
  internal: unknown(500, 'internal error'),
} as const satisfies Record<string, PlatformErrorRow>;

export type PlatformErrorCode = keyof typeof PLATFORM_ERROR_TABLE;

/** `{"error":{…}}` in answers and frames. */
export interface ErrorBody {
  readonly error: {
    readonly code: PlatformErrorCode;
    readonly message: string;
    /** Path of the field at fault, as `metadata.region` or `then[2].key`. */
    readonly field?: string;
    readonly outcome: Outcome;
  };
}

/** A refusal of the platform with its place in the table. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';

  constructor(readonly code: PlatformErrorCode, message?: string, readonly field?: string) {
    super(message ?? PLATFORM_ERROR_TABLE[code].message);
  }

  get status(): number {
    return PLATFORM_ERROR_TABLE[this.code].status;
  }

  get outcome(): Outcome {
    return PLATFORM_ERROR_TABLE[this.code].outcome;
  }

  get retryAfterSeconds(): number | undefined {
    const row: PlatformErrorRow = PLATFORM_ERROR_TABLE[this.code];
    return row.retryAfterSeconds;
  }

  get body(): ErrorBody {
    const { code, message, field, outcome } = this;
    return { error: field === undefined ? { code, message, outcome } : { code, message, field, outcome } };
  }
}

const STORE_CODES: Partial<Record<ErrorCode, PlatformErrorCode>> = {
  key_empty: 'field_invalid', txn_too_many_ops: 'txn_invalid', txn_duplicate_key: 'txn_invalid', key_unknown: 'txn_invalid',
  value_given: 'txn_invalid', lease_given: 'txn_invalid', sort_option_invalid: 'field_invalid', watch_range_empty: 'field_invalid',
  compacted: 'compacted', future_revision: 'compacted', no_space: 'no_space', lease_unknown: 'lease_unknown',
  lease_ttl_too_large: 'field_invalid', request_too_large: 'body_too_large', too_many_requests: 'too_many_requests',
  permission_denied: 'permission_denied', authentication_failed: 'unauthenticated', auth_token_invalid: 'unauthenticated',
  no_leader: 'no_leader', not_leader: 'no_leader', leader_changed: 'timeout', stopped: 'stopping', timeout: 'timeout',
  timeout_leader_failure: 'timeout', timeout_connection_lost: 'timeout', timeout_applied_index: 'timeout',
  unhealthy: 'no_leader', unreachable: 'no_leader', cancelled: 'timeout', deadline_exceeded: 'timeout', watch_cancelled: 'stopping',
  unimplemented: 'unimplemented',
};

/** What a refusal of the store means on the platform's doors. */
export function platformErrorOf(error: ApiError): PlatformError {
  const code = STORE_CODES[error.code] ?? 'internal';
  return new PlatformError(code, code === 'compacted' ? undefined : error.message.replace(/^etcdserver: (mvcc: )?/, ''));
}
