import type { Clock, Random } from '@quorate/api';
import { type Endpoint, parseEndpoint } from './endpoint';
import { SystemClock } from './system-clock';
import { SystemRandom } from './system-random';

/** How the server is verified and how the client shows who it is; all PEM. */
export interface TlsOptions {
  /** Certificates to trust instead of the system's. */
  readonly ca?: Buffer;
  readonly certificate?: Buffer;
  readonly privateKey?: Buffer;
  /** The name that the server's certificate has to carry, where it is not the one that is dialled. */
  readonly serverName?: string;
  /** Take any certificate. Whoever sits in between can then read and change everything. */
  readonly skipVerification?: boolean;
}

export interface RemoteApiOptions {
  /** `host:port`, `http://…` or `https://…`; at least one. Without a scheme it is TLS exactly where `tls` is given. */
  readonly endpoints: readonly string[];
  readonly tls?: TlsOptions;
  /** Sent as `token` metadata with every call. */
  readonly authToken?: string;
  /** How long one attempt to connect to a member may take. Default: 2 s. */
  readonly dialTimeoutMs?: number;
  /**
   * How long a unary call may take, finding a member included. Default: 10 s, which is more than a server waits for its
   * quorum. `Infinity`: only the caller's signal ends it.
   */
  readonly requestTimeoutMs?: number;
  /** Tell that no member can be reached once each was tried, instead of trying on until the deadline. Default: false. */
  readonly failFast?: boolean;
  /** A connection with calls on it is probed after so long a silence. Default: 10 s; etcd refuses less than 5 s. */
  readonly keepaliveTimeMs?: number;
  /** … and given up when the probe is not answered for so long. Default: 5 s. */
  readonly keepaliveTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The same with everything decided. */
export interface Settings {
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsOptions;
  readonly authToken: string | undefined;
  readonly dialTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly failFast: boolean;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws TypeError where an endpoint cannot be read, or there is none */
export function settingsOf(options: RemoteApiOptions): Settings {
  if (options.endpoints.length === 0) throw new TypeError('no endpoint was given');
  return {
    endpoints: options.endpoints.map((text) => parseEndpoint(text, options.tls !== undefined)),
    tls: options.tls ?? {},
    authToken: options.authToken,
    dialTimeoutMs: options.dialTimeoutMs ?? 2000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    failFast: options.failFast ?? false,
    keepaliveTimeMs: options.keepaliveTimeMs ?? 10_000,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5000,
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
  };
}
