import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { ApiError, type CallContext, type Watch, type WatchRequest } from '@quorate/api';
import { services, type WatchStreamRequest, type WatchStreamResponse } from '@quorate/wire';
import { Backoff } from './backoff';
import type { CallScope } from './call-scope';
import type { Connection } from './connection';
import type { EndpointSet } from './endpoint-set';
import type { Settings } from './options';
import { RemoteWatch, type WatchOwner } from './remote-watch';
import { apiErrorOf } from './status-error';
import type { UnaryCaller } from './unary-caller';

const RECONNECT_MS = { base: 50, max: 5000 };
/** A response about no watch in particular, or about one that was not created. */
const NO_WATCH_ID = -1;
/** Refusals that no other stream would be spared. */
const FINAL_CODES: ReadonlySet<string> = new Set(['permission_denied', 'auth_token_invalid', 'unimplemented']);

type Stream = ClientDuplexStream<WatchStreamRequest, WatchStreamResponse>;

interface Creation {
  resolve(): void;
  reject(error: ApiError): void;
}

/**
 * All watches of one client on one stream. When the stream breaks, it is opened again on a member that can be reached,
 * and every watch is created anew from the revision after the last one queued: nothing is lost or repeated.
 */
export class WatchChannel implements WatchOwner {
  /** Those that the server should tell about. */
  private readonly active = new Set<RemoteWatch>();
  /** First creations that somebody waits for. */
  private readonly creations = new Map<RemoteWatch, Creation>();
  /** The server's numbers on the present stream. */
  private readonly byId = new Map<number, RemoteWatch>();
  private readonly idOf = new Map<RemoteWatch, number>();
  /** Creations that the present stream has not answered, in order: the server answers in the same order. */
  private unanswered: RemoteWatch[] = [];
  private stream: Stream | undefined;
  private opening: CallScope | undefined;
  private closed = false;
  private readonly backoff: Backoff;

  constructor(private readonly endpoints: EndpointSet, private readonly caller: UnaryCaller, private readonly settings: Settings) {
    this.backoff = new Backoff(settings.random, RECONNECT_MS.base, RECONNECT_MS.max);
  }

  /** @throws ApiError where the watch is refused, or could not be created in time */
  async open(request: WatchRequest, context: CallContext = {}): Promise<Watch> {
    const watch = new RemoteWatch(this, request);
    await this.caller.within(context, this.settings.requestTimeoutMs, async (scope) => {
      await this.endpoints.acquire(scope);
      await this.create(watch, scope);
    });
    const { signal } = context;
    signal?.addEventListener('abort', () => watch.close(), { once: true });
    if (signal?.aborted) watch.close();
    return watch;
  }

  suspend(watch: RemoteWatch): void {
    this.active.delete(watch);
    this.cancel(watch);
  }

  resume(watch: RemoteWatch): void {
    this.active.add(watch);
    this.request(watch);
  }

  forget(watch: RemoteWatch): void {
    this.active.delete(watch);
    this.cancel(watch);
    if (this.active.size === 0) this.dropStream();
  }

  close(): void {
    this.closed = true;
    for (const watch of this.active) watch.close();
    this.dropStream();
  }

  private async create(watch: RemoteWatch, scope: CallScope): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        scope.onEnd(reject);
        this.creations.set(watch, { resolve, reject });
        this.active.add(watch);
        this.request(watch);
      });
    } catch (error) {
      watch.close();
      throw error;
    } finally {
      this.creations.delete(watch);
    }
  }

  /** Asks for the watch on the present stream, or for a stream. */
  private request(watch: RemoteWatch): void {
    if (this.stream) this.send(this.stream, watch);
    else void this.connect();
  }

  private send(stream: Stream, watch: RemoteWatch): void {
    this.unanswered.push(watch);
    const { request, nextRevision: startRevision } = watch;
    stream.write({ type: 'create', request: { ...request, startRevision, watchId: 0, fragment: true } });
  }

  private cancel(watch: RemoteWatch): void {
    const watchId = this.idOf.get(watch);
    if (watchId === undefined) return;
    this.idOf.delete(watch);
    this.byId.delete(watchId);
    this.stream?.write({ type: 'cancel', request: { watchId } });
  }

  private async connect(): Promise<void> {
    if (this.opening || this.closed) return;
    const scope = this.caller.open(undefined, Infinity);
    this.opening = scope;
    try {
      const connection = await this.endpoints.acquire(scope, false);
      if (this.active.size > 0) this.openStream(connection);
    } catch {
      // The scope ended: the client was closed, or nobody watches any more.
    } finally {
      this.opening = undefined;
      this.caller.release(scope);
    }
  }

  private openStream(connection: Connection): void {
    // A member that has lost its leader ends the stream, so that the watches go on elsewhere instead of falling silent.
    const stream = connection.bidi(services.Watch.Watch, { requireLeader: true });
    this.stream = stream;
    stream.on('data', (response: WatchStreamResponse) => { if (this.stream === stream) this.receive(response); });
    stream.on('error', (error: ServiceError) => this.broken(stream, connection, apiErrorOf(error.code, error.details)));
    stream.on('end', () => this.broken(stream, connection, new ApiError('stopped')));
    for (const watch of this.active) this.send(stream, watch);
  }

  private broken(stream: Stream, connection: Connection, fault: ApiError): void {
    if (this.stream !== stream) return;
    this.forgetStream();
    this.endpoints.avoid(connection);
    if (FINAL_CODES.has(fault.code)) return this.endAll(fault);
    if (this.closed || this.active.size === 0) return;
    this.settings.clock.setTimer(this.backoff.nextMs(), () => {
      if (!this.stream && this.active.size > 0) void this.connect();
    });
  }

  private endAll(fault: ApiError): void {
    for (const watch of [...this.active]) {
      const creation = this.creations.get(watch);
      if (creation) creation.reject(fault);
      else watch.end({ type: 'cancelled', revision: Math.max(0, watch.nextRevision - 1), reason: fault.message });
    }
  }

  private forgetStream(): void {
    this.stream = undefined;
    this.unanswered = [];
    this.byId.clear();
    this.idOf.clear();
    for (const watch of this.active) watch.dropParts();
  }

  private dropStream(): void {
    const { stream } = this;
    this.opening?.end(new ApiError('cancelled'));
    this.forgetStream();
    stream?.cancel();
  }

  private receive(response: WatchStreamResponse): void {
    const { header: { revision }, watchId } = response;
    if (response.created) return this.receiveCreated(response);
    const watch = this.byId.get(watchId);
    if (response.canceled) {
      if (!watch) return;
      this.byId.delete(watchId);
      this.idOf.delete(watch);
      const compactRevision = response.compactRevision ?? 0;
      if (compactRevision > 0) watch.end({ type: 'compacted', revision, compactRevision });
      else watch.end({ type: 'cancelled', revision, reason: response.cancelReason || 'etcdserver: watch canceled' });
      return;
    }
    if (response.events.length > 0) watch?.receive(response.events, response.fragment ?? false);
    else if (watchId !== NO_WATCH_ID) watch?.receiveProgress(revision);
  }

  private receiveCreated(response: WatchStreamResponse): void {
    this.backoff.reset();
    const watch = this.unanswered.shift();
    if (!watch) return;
    const creation = this.creations.get(watch);
    if (response.canceled) {
      const fault = apiErrorOf(2, response.cancelReason || 'etcdserver: watch canceled');
      if (creation) creation.reject(fault);
      else watch.end({ type: 'cancelled', revision: response.header.revision, reason: fault.message });
      return;
    }
    this.byId.set(response.watchId, watch);
    this.idOf.set(watch, response.watchId);
    watch.confirm(response.header.revision);
    creation?.resolve();
    // Closed or suspended while the creation was under way.
    if (!this.active.has(watch)) this.cancel(watch);
  }
}
