import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { type ErrorBody, type KvApi, PLATFORM_SCHEMAS } from '@quorate/api';
import { SystemClock } from '@quorate/runtime';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { startTestMember, type TestMember } from '../gateway/gateway-server.testing';
import { CLOCK, KV_API, LOGGER, MAINTENANCE_API } from '../member/tokens';
import { configureRest } from './configure-rest';
import { REVISION_HEADER } from './door.middleware';
import type { DoorRulesOptions } from './door-rules';
import { serveOpenApi } from './openapi';
import { PlatformModule } from './platform.module';

/** What came back, with its body checked against its schema. */
export interface RestAnswer<T> {
  readonly status: number;
  readonly body: T;
  readonly text: string;
  readonly headers: Headers;
  readonly revision: number;
}

export interface RestCall {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly rawBody?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The platform's REST API over a real member, on a free port of the loopback. */
export class RestServer {
  readonly logged: string[] = [];

  private constructor(readonly member: TestMember, readonly app: NestExpressApplication, readonly url: string, private readonly ownsMember: boolean) {}

  static async start(options: Partial<DoorRulesOptions> & { readonly member?: TestMember } = {}): Promise<RestServer> {
    const member = options.member ?? await startTestMember();
    const logged: string[] = [];
    const note = (message: string, fields?: object): void => { logged.push(`${message} ${JSON.stringify(fields)}`); };
    const providers = [
      { provide: KV_API, useValue: member.member.replica.kv }, { provide: MAINTENANCE_API, useValue: member.member.replica.maintenance },
      { provide: CLOCK, useValue: new SystemClock() }, { provide: LOGGER, useValue: { debug: note, info: note, warn: note, error: note } },
    ];

    @Global()
    @Module({ providers, exports: providers.map(({ provide }) => provide) })
    class MemberModule {}

    const { allowedHosts = [], allowedOrigins = [] } = options;
    const testing = await Test.createTestingModule({ imports: [MemberModule, PlatformModule.register({ allowedHosts, allowedOrigins, version: '0.1.0' })] }).compile();
    const app = testing.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
    configureRest(app);
    serveOpenApi(app, '0.1.0');
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    const server = new RestServer(member, app, `http://127.0.0.1:${port}`, options.member === undefined);
    server.logged.push(...logged);
    return server;
  }

  get kv(): KvApi {
    return this.member.member.replica.kv;
  }

  /** @param schema name of the schema that a good answer has; errors are always held to theirs */
  async call<T = unknown>(method: string, path: string, schema?: string, { body, rawBody, headers, signal }: RestCall = {}): Promise<RestAnswer<T>> {
    const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, {
      method, headers: { ...headers }, ...(sent !== undefined && { body: sent }), ...(signal && { signal }),
    });
    const text = await response.text();
    const revision = response.headers.get(REVISION_HEADER);
    if (revision === null || !/^[0-9]+$/.test(revision)) throw new Error(`${method} ${path}: no revision in the header`);
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
    const expected = response.status >= 400 ? 'Error' : schema;
    if (expected !== undefined) requireSchema(expected, parsed);
    return { status: response.status, body: parsed as T, text, headers: response.headers, revision: Number(revision) };
  }

  /** Expects a refusal: its status, code and field. */
  async refusal(method: string, path: string, call: RestCall = {}): Promise<[number, string, string | undefined]> {
    const { status, body } = await this.call<ErrorBody>(method, path, undefined, call);
    return [status, body?.error?.code, body?.error?.field];
  }

  async stop(): Promise<void> {
    await this.app.close();
    if (this.ownsMember) await this.member.stop();
  }
}

const validators = new Map<string, ValidateFunction>();
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(closed(PLATFORM_SCHEMAS) as object, 'platform');

/** Answers may gain fields for clients, but not behind the back of the committed schemas. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && copy['type'] === 'object' ? { additionalProperties: false, ...copy } : copy;
}

/** Throws where a value does not have the shape of a committed schema. */
export function requireSchema(name: string, value: unknown): void {
  const validate = validators.get(name) ?? ajv.compile({ $ref: `platform#/components/schemas/${name}` });
  validators.set(name, validate);
  if (!validate(value)) throw new Error(`not a ${name}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
}
