import fs from 'node:fs';
import type { Clock } from '@quorate/api';
import type { RemoteApi, RemoteApiOptions, TlsOptions } from '@quorate/client';
import { CliError, ExitCode } from './cli-error';
import type { GlobalOptions } from './global-options';
import { type OutputFormat, type Presentation, presented } from './output/presentation';
import type { RestAnswer, RestRequest } from './rest-client';

/** One run of one command: its options, its connection, and where it prints. */
export class Session {
  private readonly interruption = new AbortController();
  private readonly clients: RemoteApi[] = [];
  private format: OutputFormat;

  constructor(readonly options: GlobalOptions) {
    this.format = options.output;
  }

  /** Aborted by Ctrl-C and by a request to end. */
  get signal(): AbortSignal {
    return this.interruption.signal;
  }

  interrupt(): void {
    this.interruption.abort();
  }

  /** The store, by all endpoints or by one of them. */
  async api(endpoint?: string): Promise<RemoteApi> {
    // Loaded when needed: help and bad usage are told without it.
    const { RemoteApi } = await import('./remote-client.js');
    try {
      const api = new RemoteApi(this.clientOptions(endpoint === undefined ? this.options.endpoints : [endpoint]));
      this.clients.push(api);
      return api;
    } catch (error) {
      if (error instanceof TypeError) throw new CliError(error.message, ExitCode.badArguments);
      throw error;
    }
  }

  /**
   * A call of the platform's REST API.
   * @param interruptible false: also after Ctrl-C, to clean up
   */
  async rest(method: string, path: readonly string[], request: Partial<RestRequest> = {}, interruptible = true): Promise<RestAnswer> {
    const { RestClient } = await import('./rest-client.js');
    const { endpoints, commandTimeoutMs: timeoutMs } = this.options;
    const signal = interruptible ? this.signal : new AbortController().signal;
    return new RestClient(endpoints, this.tls()).call(method, path, { timeoutMs, signal, ...request });
  }

  async clock(): Promise<Clock> {
    const { SystemClock } = await import('./remote-client.js');
    return new SystemClock();
  }

  /** The same session, printing in another format. */
  withOutput(format: OutputFormat): this {
    this.format = format;
    return this;
  }

  print(presentation: Presentation): void {
    this.write(presented(presentation, this.format));
  }

  write(bytes: Buffer | string): void {
    process.stdout.write(bytes);
  }

  /** Everything on the standard input. */
  async readInput(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** The files behind the TLS flags; `undefined` where none was given. */
  tls(): TlsOptions | undefined {
    const { cacert, cert, key, insecureSkipTlsVerify, insecureTransport } = this.options;
    if (cacert === undefined && cert === undefined && !insecureSkipTlsVerify && insecureTransport) return undefined;
    return {
      ...(cacert === undefined ? {} : { ca: readFile('--cacert', cacert) }),
      ...(cert === undefined ? {} : { certificate: readFile('--cert', cert) }),
      ...(key === undefined ? {} : { privateKey: readFile('--key', key) }),
      skipVerification: insecureSkipTlsVerify,
    };
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private clientOptions(endpoints: readonly string[]): RemoteApiOptions {
    const { dialTimeoutMs, commandTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs } = this.options;
    const tls = this.tls();
    return {
      endpoints, dialTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs, requestTimeoutMs: commandTimeoutMs, failFast: true,
      ...(tls === undefined ? {} : { tls }),
    };
  }
}

function readFile(flag: string, file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new CliError(`${flag}: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, ExitCode.badArguments);
  }
}
