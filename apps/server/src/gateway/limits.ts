/** A body that stands still for so long, in milliseconds, is given up. */
const BODY_IDLE_MS = 60_000;
/** What JSON adds to a request of the largest size beside base64. */
const JSON_OVERHEAD_BYTES = 64 * 1024;

export interface GatewayOptions {
  /** The largest message that gRPC takes (`--max-request-bytes` and its overhead). */
  readonly receiveBytesMax: number;
  /** In milliseconds. Default: a minute. */
  readonly bodyIdleMs?: number;
}

export interface GatewayLimits {
  /** Of one JSON message; base64 makes four bytes of three. */
  readonly bodyBytesMax: number;
  readonly bodyIdleMs: number;
}

export function gatewayLimitsOf({ receiveBytesMax, bodyIdleMs }: GatewayOptions): GatewayLimits {
  return { bodyBytesMax: Math.ceil((receiveBytesMax * 4) / 3) + JSON_OVERHEAD_BYTES, bodyIdleMs: bodyIdleMs ?? BODY_IDLE_MS };
}
