import { Metadata } from '@grpc/grpc-js';
import type { Method } from '@quorate/wire';
import { type Outcome, RawClient } from './raw-client.testing';
import { type ComparedServer, maskServer, onBoth, restartPair, type ServerPair, startPair, stopPair } from './server-pair.testing';
import type { ServerOptions } from '../support/server-process';

/** A client per server of a pair. */
export class RawPair {
  private clients: ReadonlyMap<ComparedServer, RawClient>;

  private constructor(public pair: ServerPair) {
    this.clients = clientsOf(pair);
  }

  static async start(options: ServerOptions = {}): Promise<RawPair> {
    return new RawPair(await startPair(options));
  }

  async stop(): Promise<void> {
    this.close();
    await stopPair(this.pair);
  }

  /** Kills both and starts them on their data again. */
  async restart(): Promise<void> {
    this.close();
    this.pair = await restartPair(this.pair);
    this.clients = clientsOf(this.pair);
  }

  private close(): void {
    for (const client of this.clients.values()) client.close();
  }

  client(server: ComparedServer): RawClient {
    return this.clients.get(server) as RawClient;
  }

  /** Does the same on both; the answers are masked and ready to be compared. */
  async both(run: (client: RawClient, server: ComparedServer) => Promise<unknown>): Promise<{ etcd: unknown; quorate: unknown }> {
    return onBoth(this.pair, async (server) => plain(await run(this.client(server), server), server));
  }

  async expectSame(run: (client: RawClient, server: ComparedServer) => Promise<unknown>): Promise<void> {
    const { etcd, quorate } = await this.both(run);
    expect(quorate).toEqual(etcd);
  }
}

function clientsOf({ etcd, quorate }: ServerPair): ReadonlyMap<ComparedServer, RawClient> {
  return new Map([etcd, quorate].map((server) => [server, new RawClient(server.process.endpoint)]));
}

/** One call, and where the two servers answer differently on purpose: why, and what ours says. */
export interface CallCase {
  readonly name: string;
  readonly method: Method;
  readonly request: unknown;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly differs?: { readonly because: string; readonly etcd: unknown; readonly quorate: unknown };
  /** Not sent to etcd, whose process or data would not be comparable after it: why, and what ours answers. */
  readonly oursOnly?: { readonly because: string; readonly answer: Outcome<never> };
  /** Fields of the answer that the two cannot have in common. */
  readonly without?: readonly string[];
  /** A list of the answer that etcd sends in no order. */
  readonly sorted?: string;
}

export function call<Request, Response>(name: string, method: Method<Request, Response>, request: Partial<Request>, more: Partial<CallCase> = {}): CallCase {
  return { name, method: method as unknown as Method, request, ...more };
}

/** Declares a test per call; they run in this order on one fresh pair. */
export function compareCalls(cases: readonly CallCase[], options: ServerOptions = {}): void {
  let servers: RawPair;
  beforeAll(async () => { servers = await RawPair.start(options); }, 70_000);
  afterAll(() => servers?.stop());
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { method, request, metadata, differs, oursOnly, without = [], sorted }) => {
    if (oursOnly) {
      expect(await servers.client(servers.pair.quorate).try(method, request, metadataOf(metadata))).toEqual(oursOnly.answer);
      return;
    }
    const { etcd, quorate } = await servers.both((client) => client.try(method, request, metadataOf(metadata)));
    const shown = (answer: unknown): unknown => sortedField(without.reduce(withoutField, answer), sorted);
    if (differs) expect({ etcd: shown(etcd), quorate: shown(quorate) }).toMatchObject({ etcd: differs.etcd, quorate: differs.quorate });
    else expect(shown(quorate)).toEqual(shown(etcd));
  });
}

export function metadataOf(fields: Readonly<Record<string, string | Buffer | undefined>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) metadata.set(name, value);
  return metadata;
}

export function refusal(code: number, message: string): Outcome<never> {
  return { code, message };
}

/** The gRPC library of etcd 3.4 wrote this text without the colon that it and ours have since. */
export function withoutColon(outcome: Outcome<unknown>): Outcome<unknown> {
  if ('response' in outcome) return outcome;
  return { ...outcome, message: outcome.message.replace('received message: ', 'received message ') };
}

/** Without ids and terms, numbers and bytes as text. */
export function plain(value: unknown, server: ComparedServer): unknown {
  const text = JSON.stringify(value, (name, part: unknown) => {
    if (name === 'raftTerm') return '<term>';
    if (typeof part === 'bigint') return part.toString();
    if (isBufferJson(part)) return `bytes ${Buffer.from(part.data).toString('latin1')}`;
    return part;
  });
  if (text === undefined) return undefined;
  return JSON.parse(maskServer(text, server)) as unknown;
}

function isBufferJson(part: unknown): part is { readonly data: number[] } {
  return typeof part === 'object' && part !== null && 'type' in part && part.type === 'Buffer' && 'data' in part;
}

function sortedField(value: unknown, field: string | undefined): unknown {
  if (field === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => {
    if (name !== field || !Array.isArray(part)) return [name, sortedField(part, field)];
    return [name, part.map((each) => JSON.stringify(each)).sort()];
  }));
}

function withoutField(value: unknown, field: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutField(each, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== field).map(([name, part]) => [name, withoutField(part, field)]));
}
