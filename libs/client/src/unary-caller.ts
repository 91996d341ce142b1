import { ApiError, type CallContext } from '@quorate/api';
import type { Method } from '@quorate/wire';
import { Backoff } from './backoff';
import { CallScope } from './call-scope';
import type { EndpointSet } from './endpoint-set';
import type { Settings } from './options';
import { isMemberFault } from './status-error';

const REPEAT_MS = { base: 20, max: 1000 };

/**
 * Whether a call may be sent again when its answer was lost: `repeatable` ones change nothing, or the same once more;
 * `once` is sent again only where it is certain that it was not carried out.
 */
export type RepeatPolicy = 'repeatable' | 'once';

/** Makes the calls with one request and one answer: deadline, failover, and repetition where it is safe. */
export class UnaryCaller {
  private readonly scopes = new Set<CallScope>();
  private closed = false;

  constructor(private readonly endpoints: EndpointSet, private readonly settings: Settings) {}

  /** @throws ApiError */
  async call<Request, Response>(
    method: Method<Request, Response>, request: Request, policy: RepeatPolicy, context: CallContext = {}, timeoutMs = this.settings.requestTimeoutMs,
  ): Promise<Response> {
    return this.within(context, timeoutMs, async (scope) => {
      const metadata = { requireLeader: context.requireLeader ?? false };
      const backoff = new Backoff(this.settings.random, REPEAT_MS.base, REPEAT_MS.max);
      for (let attempt = 1; ; attempt++) {
        const connection = await this.endpoints.acquire(scope);
        try {
          return await connection.unary(method, request, metadata, scope);
        } catch (error) {
          if (!(error instanceof ApiError) || !isMemberFault(error)) throw error;
          this.endpoints.avoid(connection);
          const safe = policy === 'repeatable' || error.outcome === 'not_applied';
          if (!safe || attempt > this.endpoints.size) throw error;
        }
        await scope.sleep(backoff.nextMs());
      }
    });
  }

  /** Runs something in a scope of its own, which `close` ends too. */
  async within<T>({ signal }: CallContext, timeoutMs: number, body: (scope: CallScope) => Promise<T>): Promise<T> {
    const scope = this.open(signal, timeoutMs);
    try {
      if (scope.ended) throw scope.ended;
      return await body(scope);
    } finally {
      this.release(scope);
    }
  }

  /** A scope that `close` ends; given back with `release`. */
  open(signal: AbortSignal | undefined, timeoutMs: number): CallScope {
    const scope = new CallScope(this.settings.clock, timeoutMs, signal);
    if (this.closed) scope.end(closedError());
    this.scopes.add(scope);
    return scope;
  }

  release(scope: CallScope): void {
    scope.release();
    this.scopes.delete(scope);
  }

  close(): void {
    this.closed = true;
    for (const scope of this.scopes) scope.end(closedError());
    this.scopes.clear();
  }
}

export function closedError(): ApiError {
  return new ApiError('cancelled', 'the client was closed');
}
