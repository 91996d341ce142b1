import type { IncomingMessage } from 'node:http';
import { GrpcCode } from '@quorate/api';
import { type GrpcCall, type GrpcStatus, parseGrpcTimeout } from '@quorate/wire';

const METADATA_PREFIX = 'grpc-metadata-';
/** The longest delay that a timer takes, in milliseconds. */
const TIMER_MAX_MS = 0x7fff_ffff;

export const DEADLINE_STATUS: GrpcStatus = { code: GrpcCode.DEADLINE_EXCEEDED, message: 'context deadline exceeded' };

/**
 * A call of the gateway as the methods see it. Metadata comes from headers: `Grpc-Metadata-X` is `x`, and `Authorization`
 * is the token too, with or without `Bearer`.
 */
export class HttpCall implements GrpcCall {
  readonly peer: string;
  private readonly cancelListeners: (() => void)[] = [];
  private over = false;
  private deadline: NodeJS.Timeout | undefined;

  /** @param authorization replaces the header of that name: browsers cannot set it for a WebSocket */
  constructor(private readonly request: IncomingMessage, private readonly authorization = request.headers.authorization) {
    this.peer = request.socket.remoteAddress ?? '';
  }

  metadata(name: string): string | undefined {
    const header = METADATA_PREFIX + name;
    // `headers` joins repeated fields; only the first one counts.
    if (this.request.headers[header] !== undefined) return this.request.headersDistinct[header]?.[0];
    if (this.authorization === undefined) return undefined;
    if (name === 'authorization') return this.authorization;
    return name === 'token' ? this.authorization.replace(/^bearer /i, '') : undefined;
  }

  onCancel(listener: () => void): void {
    this.cancelListeners.push(listener);
  }

  /** Starts the clock of a `Grpc-Timeout` header, if there is one; `onDeadline` comes before the call is cancelled. */
  startDeadline(onDeadline: () => void): void {
    const header = this.request.headers['grpc-timeout'];
    if (typeof header !== 'string') return;
    const timeoutMs = parseGrpcTimeout(header);
    if (timeoutMs === undefined) return;
    this.deadline = setTimeout(() => {
      if (this.over) return;
      onDeadline();
      this.cancel();
    }, Math.min(timeoutMs, TIMER_MAX_MS));
  }

  /** The caller has gone before its answer was whole. */
  cancel(): void {
    if (this.over) return;
    this.finish();
    for (const listener of this.cancelListeners) listener();
  }

  /** The call has its answer: nothing can cancel it any more. */
  finish(): void {
    this.over = true;
    clearTimeout(this.deadline);
  }

  get isOver(): boolean {
    return this.over;
  }
}
