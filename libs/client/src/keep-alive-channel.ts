import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { ApiError, type CallContext, type LeaseKeepAliveResponse } from '@quorate/api';
import { type LeaseId, services } from '@quorate/wire';
import { Backoff } from './backoff';
import type { CallScope } from './call-scope';
import type { Connection } from './connection';
import type { EndpointSet } from './endpoint-set';
import type { Settings } from './options';
import { apiErrorOf, isMemberFault } from './status-error';
import type { UnaryCaller } from './unary-caller';

const REPEAT_MS = { base: 20, max: 1000 };

type Stream = ClientDuplexStream<LeaseId, LeaseKeepAliveResponse>;

interface Renewal {
  readonly id: bigint;
  resolve(response: LeaseKeepAliveResponse): void;
  reject(error: ApiError): void;
}

/** One stream and the renewals on it that wait for their answers, which come in the order of the requests. */
interface OpenStream {
  readonly stream: Stream;
  readonly connection: Connection;
  readonly requireLeader: boolean;
  readonly waiting: Renewal[];
}

/** All renewals of one client on one stream. A renewal whose answer was lost is sent again: twice is as good as once. */
export class KeepAliveChannel {
  private open: OpenStream | undefined;

  constructor(private readonly endpoints: EndpointSet, private readonly caller: UnaryCaller, private readonly settings: Settings) {}

  /** @throws ApiError */
  renew(id: bigint, context: CallContext = {}): Promise<LeaseKeepAliveResponse> {
    const requireLeader = context.requireLeader ?? false;
    return this.caller.within(context, this.settings.requestTimeoutMs, async (scope) => {
      const backoff = new Backoff(this.settings.random, REPEAT_MS.base, REPEAT_MS.max);
      for (let attempt = 1; ; attempt++) {
        const connection = await this.endpoints.acquire(scope);
        const stream = this.streamOn(connection, requireLeader);
        try {
          return await this.send(stream, id, scope);
        } catch (error) {
          if (!(error instanceof ApiError) || !isMemberFault(error) || attempt > this.endpoints.size) throw error;
        }
        await scope.sleep(backoff.nextMs());
      }
    });
  }

  close(): void {
    if (this.open) this.end(this.open, new ApiError('cancelled', 'the client was closed'));
  }

  private streamOn(connection: Connection, requireLeader: boolean): OpenStream {
    const { open } = this;
    if (open && open.connection === connection && (open.requireLeader || !requireLeader)) return open;
    if (open) this.end(open, new ApiError('timeout_connection_lost'));
    const stream = connection.bidi(services.Lease.LeaseKeepAlive, { requireLeader });
    const opened: OpenStream = { stream, connection, requireLeader, waiting: [] };
    stream.on('data', (response: LeaseKeepAliveResponse) => this.answer(opened, response));
    stream.on('error', (error: ServiceError) => this.broken(opened, apiErrorOf(error.code, error.details)));
    stream.on('end', () => this.broken(opened, new ApiError('stopped')));
    this.open = opened;
    return opened;
  }

  private send(opened: OpenStream, id: bigint, scope: CallScope): Promise<LeaseKeepAliveResponse> {
    return new Promise((resolve, reject) => {
      const takeBack = scope.onEnd((fault) => {
        reject(fault);
        // A member that does not answer one renewal holds up all that follow.
        if (fault.code === 'deadline_exceeded') this.broken(opened, new ApiError('timeout_connection_lost'));
      });
      opened.waiting.push({
        id,
        resolve: (response) => { takeBack(); resolve(response); },
        reject: (error) => { takeBack(); reject(error); },
      });
      opened.stream.write({ id });
    });
  }

  private answer(opened: OpenStream, response: LeaseKeepAliveResponse): void {
    const renewal = opened.waiting.shift();
    if (renewal?.id === response.id) renewal.resolve(response);
    else {
      renewal?.reject(new ApiError('timeout_connection_lost'));
      this.broken(opened, new ApiError('timeout_connection_lost', 'a keep-alive was answered out of order'));
    }
  }

  private broken(opened: OpenStream, fault: ApiError): void {
    if (isMemberFault(fault) && this.open === opened) this.endpoints.avoid(opened.connection);
    this.end(opened, fault);
  }

  private end(opened: OpenStream, fault: ApiError): void {
    if (this.open === opened) this.open = undefined;
    opened.stream.removeAllListeners('data');
    opened.stream.cancel();
    for (const renewal of opened.waiting.splice(0)) renewal.reject(fault);
  }
}
