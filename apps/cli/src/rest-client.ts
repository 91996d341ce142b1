import http from 'node:http';
import https from 'node:https';
import type { TlsOptions } from '@quorate/client';
import { CliError, ExitCode } from './cli-error';

export interface RestAnswer {
  readonly status: number;
  /** Store revision of the answer: the place to go on from. */
  readonly revision: string;
  readonly body: string;
}

export interface RestRequest {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A refusal of the REST API. */
export class RestError extends CliError {
  /** @param revision store revision of the answer, or `0` where it told none */
  constructor(message: string, readonly status: number, readonly revision: string) {
    super(message);
  }
}

/** The platform's REST API, by the first member that can be connected to. */
export class RestClient {
  constructor(private readonly endpoints: readonly string[], private readonly tls: TlsOptions | undefined) {}

  /** @throws RestError where the server refuses; CliError where none answers, or not in time */
  async call(method: string, path: readonly string[], request: RestRequest): Promise<RestAnswer> {
    const reasons: string[] = [];
    for (const endpoint of this.endpoints) {
      const url = urlOf(endpoint, this.tls !== undefined, path, request.query ?? {});
      try {
        return refuse(await this.send(method, url, request));
      } catch (error) {
        // Only where nothing was sent is it safe to ask another member.
        if (!isUnconnected(error)) throw error instanceof CliError ? error : new CliError(`${endpoint}: ${(error as Error).message}`);
        reasons.push(`${endpoint}: ${(error as Error).message}`);
      }
    }
    throw new CliError(`no endpoint can be reached: ${reasons.join('; ')}`);
  }

  private send(method: string, url: URL, { body, timeoutMs, signal }: RestRequest): Promise<RestAnswer> {
    const tls = this.tls;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).request(url, {
        method, signal, agent: false, ca: tls?.ca, cert: tls?.certificate, key: tls?.privateKey, rejectUnauthorized: !tls?.skipVerification,
        headers: payload === undefined ? {} : { 'content-type': 'application/json' },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode ?? 0, revision: String(response.headers['quorate-revision'] ?? '0'), body: Buffer.concat(chunks).toString('utf8'),
        }));
      });
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', reject);
      request.end(payload);
    });
  }
}

const UNCONNECTED_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

function isUnconnected(error: unknown): boolean {
  return UNCONNECTED_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}

function urlOf(endpoint: string, secure: boolean, path: readonly string[], query: Readonly<Record<string, string | number | undefined>>): URL {
  const base = /^https?:\/\//.test(endpoint) ? endpoint : `${secure ? 'https' : 'http'}://${endpoint}`;
  let url: URL;
  try {
    url = new URL(`/api/v1/${path.map(encodeURIComponent).join('/')}`, base);
  } catch {
    throw new CliError(`"${endpoint}" is no endpoint`, ExitCode.badArguments);
  }
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function refuse(answer: RestAnswer): RestAnswer {
  if (answer.status < 400) return answer;
  throw new RestError(messageOf(answer), answer.status, answer.revision);
}

function messageOf({ status, body }: RestAnswer): string {
  try {
    const { error } = JSON.parse(body) as { readonly error: { readonly code: string; readonly message: string; readonly field?: string } };
    return `${error.message} (${error.code}${error.field === undefined ? '' : `, field ${error.field}`})`;
  } catch {
    return `the server answered ${status}; does it have the platform's REST API?`;
  }
}
