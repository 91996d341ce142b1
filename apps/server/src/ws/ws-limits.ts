import type { InjectionToken } from '@nestjs/common';

/** `WsLimits` */
export const WS_LIMITS: InjectionToken = Symbol('WS_LIMITS');

/** What one socket may ask of a member. */
export interface WsLimits {
  /** A larger frame is answered by an error. */
  readonly frameBytesMax: number;
  /** A larger frame ends the socket with close code 1009: it is not even read. */
  readonly payloadBytesMax: number;
  /** Frames of one socket that may wait to be served; above that it is not read. */
  readonly framesQueuedMax: number;
  /** Answers that may wait to be taken by the client; above that its frames are not read. */
  readonly answerBytesMax: number;
  readonly subscriptionsMax: number;
  readonly sessionsMax: number;
  /** Subscriptions of one socket that load their snapshot at the same time. */
  readonly loadsMax: number;
  /** Bytes that wait in a socket before its subscriptions stop pulling, and where they go on. */
  readonly bufferedBytesHigh: number;
  readonly bufferedBytesLow: number;
  /** A socket that is full for longer gives its watches back and reads history later. */
  readonly parkAfterMs: number;
  /** Changes that are put into one frame, in bytes. */
  readonly changeBytesMax: number;
  /** Time between two pings of the server. */
  readonly pingIntervalMs: number;
  /** A socket that shows no sign of life for so long is cut. */
  readonly silenceMs: number;
  /** Time for the `auth` frame where the upgrade carried no header and one is needed. */
  readonly authTimeoutMs: number;
}

export const DEFAULT_WS_LIMITS: WsLimits = {
  frameBytesMax: 64 * 1024,
  payloadBytesMax: 1024 * 1024,
  framesQueuedMax: 64,
  answerBytesMax: 256 * 1024,
  subscriptionsMax: 1000,
  sessionsMax: 16,
  loadsMax: 4,
  bufferedBytesHigh: 256 * 1024,
  bufferedBytesLow: 64 * 1024,
  parkAfterMs: 1000,
  changeBytesMax: 64 * 1024,
  pingIntervalMs: 15_000,
  silenceMs: 45_000,
  authTimeoutMs: 5000,
};
