import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type ChannelOptions, Client, type ClientDuplexStream, type ClientReadableStream, connectivityState, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { ApiError } from '@quorate/api';
import { type Method, services } from '@quorate/wire';
import type { CallScope } from './call-scope';
import type { Endpoint } from './endpoint';
import type { Settings, TlsOptions } from './options';
import { apiErrorOf } from './status-error';

/** Ceilings of grpc-js's own reconnecting; finding another member goes on meanwhile. */
const RECONNECT_MS = { initial: 100, max: 2000 };
/** For asking a failed channel why; it answers at once unless it has come back meanwhile. */
const PROBE_MS = 1000;

export interface CallMetadata {
  readonly requireLeader: boolean;
}

/** The way to one member: one HTTP/2 connection, made anew when it breaks. */
export class Connection {
  private readonly client: Client;

  constructor(readonly endpoint: Endpoint, private readonly settings: Settings) {
    const { secure, address } = endpoint;
    const verifiedName = settings.tls.serverName ?? hostOf(address);
    const channelCredentials = secure ? secureCredentials(settings.tls, verifiedName) : credentials.createInsecure();
    this.client = new Client(address, channelCredentials, channelOptionsOf(settings, address, verifiedName));
  }

  get isReady(): boolean {
    return this.client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  /**
   * Resolves when calls can be sent.
   * @throws ApiError `unreachable` with the reason, where the member cannot be reached now or within `timeoutMs`
   */
  async ready(timeoutMs: number, scope: CallScope): Promise<void> {
    const deadline = Date.now() + Math.max(0, timeoutMs);
    const channel = this.client.getChannel();
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      if (state === connectivityState.SHUTDOWN) throw new ApiError('cancelled', 'the client was closed');
      if (state === connectivityState.TRANSIENT_FAILURE) throw new ApiError('unreachable', await this.reasonOfFailure());
      const changed = await new Promise<boolean>((resolve, reject) => {
        const takeBack = scope.onEnd(reject);
        channel.watchConnectivityState(state, deadline, (error?: Error) => {
          takeBack();
          resolve(error === undefined);
        });
      });
      if (!changed) throw new ApiError('unreachable', `no connection to ${this.endpoint.text} within ${Math.round(timeoutMs)} ms`);
    }
  }

  /** @throws ApiError */
  unary<Request, Response>(method: Method<Request, Response>, request: Request, metadata: CallMetadata, scope: CallScope): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        method.path, method.request.encode, method.response.decode, request, this.metadataOf(metadata),
        (error: ServiceError | null, response?: Response) => {
          takeBack();
          if (error) reject(scope.ended ?? apiErrorOf(error.code, error.details));
          else resolve(response as Response);
        },
      );
      const takeBack = scope.onEnd((fault) => {
        call.cancel();
        reject(fault);
      });
    });
  }

  bidi<Request, Response>(method: Method<Request, Response>, metadata: CallMetadata): ClientDuplexStream<Request, Response> {
    return this.client.makeBidiStreamRequest(method.path, method.request.encode, method.response.decode, this.metadataOf(metadata));
  }

  serverStream<Request, Response>(method: Method<Request, Response>, request: Request): ClientReadableStream<Response> {
    return this.client.makeServerStreamRequest(
      method.path, method.request.encode, method.response.decode, request, this.metadataOf({ requireLeader: false }),
    );
  }

  close(): void {
    this.client.close();
  }

  private metadataOf({ requireLeader }: CallMetadata): Metadata {
    const metadata = new Metadata();
    if (requireLeader) metadata.set('hasleader', 'true');
    if (this.settings.authToken !== undefined) metadata.set('token', this.settings.authToken);
    return metadata;
  }

  /** A channel that has failed answers every call with why, without sending it. */
  private reasonOfFailure(): Promise<string> {
    const { path, request, response } = services.Health.Check;
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(path, request.encode, response.decode, { service: '' }, { deadline: Date.now() + PROBE_MS }, (error: ServiceError | null) => {
        const reason = /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/s.exec(error?.details ?? '');
        resolve(reason?.[1] ?? error?.details ?? 'the connection failed');
      });
    });
  }
}

function secureCredentials({ ca, certificate, privateKey, skipVerification }: TlsOptions, verifiedName: string): ReturnType<typeof credentials.createSsl> {
  return credentials.createSsl(ca ?? null, privateKey ?? null, certificate ?? null, {
    ...(skipVerification ? { rejectUnauthorized: false } : {}),
    checkServerIdentity: (_sentName, received) => checkServerIdentity(verifiedName, received as PeerCertificate),
  });
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function channelOptionsOf({ keepaliveTimeMs, keepaliveTimeoutMs }: Settings, address: string, verifiedName: string): ChannelOptions {
  return {
    'grpc.keepalive_time_ms': keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.initial,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS.max,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    // A write must not be sent twice behind our back, and closing this client must close its connections.
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    // TLS allows no address as the name that the client asks for; the certificate is checked against the address all the same.
    'grpc.ssl_target_name_override': isIP(verifiedName) === 0 ? verifiedName : 'localhost',
    'grpc.default_authority': address,
  };
}
