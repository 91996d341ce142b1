import {
  ADDRESS_CHARS_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_CHARS_MAX, METADATA_VALUE_CHARS_MAX, PORTS_MAX, TAG_CHARS_MAX, TAGS_MAX,
  TTL_SECONDS_MAX, WEIGHT_MAX,
} from './limits';
import { NAME_PATTERN, RESERVED_NAMES } from './names';
import { WS_MODES } from './ws-frames';

/** JSON Schemas (draft 2020-12) of the frames of `/ws/v1`. Frames change only by addition: clients ignore fields that they do not know. */

const frameId = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const revision = { type: 'string', pattern: '^(0|[1-9][0-9]{0,15})$' };
const leaseId = { type: 'string', pattern: '^[1-9][0-9]{0,18}$' };
const name = { type: 'string', pattern: NAME_PATTERN.source, not: { enum: [...RESERVED_NAMES] } };
const namePattern = { type: 'string', pattern: '^(\\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,254}\\*?)$' };
const keyText = { type: 'string', maxLength: 16_384 };

const port = { type: 'integer', minimum: 1, maximum: 65_535 };
const text = (maxLength: number): Fields => ({ type: 'string', maxLength });
const instance = { namespace: name, service: name, instance: name };
const registration = {
  address: text(ADDRESS_CHARS_MAX),
  port,
  ports: { type: 'object', minProperties: 1, maxProperties: PORTS_MAX, propertyNames: { pattern: NAME_PATTERN.source }, additionalProperties: port },
  weight: { type: 'number', minimum: 0, maximum: WEIGHT_MAX },
  zone: { type: 'string', pattern: NAME_PATTERN.source },
  version: { type: 'string', pattern: NAME_PATTERN.source },
  tags: { type: 'array', maxItems: TAGS_MAX, items: { type: 'string', minLength: 1, maxLength: TAG_CHARS_MAX } },
  metadata: {
    type: 'object', maxProperties: METADATA_ENTRIES_MAX, propertyNames: { minLength: 1, maxLength: METADATA_KEY_CHARS_MAX },
    additionalProperties: text(METADATA_VALUE_CHARS_MAX),
  },
  enabled: { type: 'boolean' },
  ephemeral: { type: 'boolean' },
  session: leaseId,
};

interface Fields {
  readonly [field: string]: unknown;
}

function op(value: string, fields: Fields, required: readonly string[], more: Fields = {}): Fields {
  return {
    type: 'object',
    properties: { id: frameId, op: { const: value }, ...fields },
    required: ['id', 'op', ...required],
    additionalProperties: false,
    ...more,
  };
}

function topic(value: string, fields: Fields, required: readonly string[], more: Fields = {}): Fields {
  const common = { topic: { const: value }, afterRevision: revision, mode: { enum: WS_MODES } };
  return op('subscribe', { ...common, ...fields }, ['topic', ...required], more);
}

/** What a client may send. */
export const WS_CLIENT_FRAME_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:quorate:schemas:ws-client-frame',
  title: 'A frame from a client',
  oneOf: [
    op('auth', { authorization: { type: 'string', maxLength: 8192 } }, ['authorization']),
    op('ping', {}, []),
    topic('config', { namespace: namePattern, group: namePattern, key: namePattern }, ['namespace', 'group', 'key']),
    topic('registry', { namespace: namePattern, service: namePattern }, ['namespace', 'service']),
    topic('kv', { key: keyText, prefix: keyText, keyEncoding: { enum: ['utf8', 'base64'] } }, [], {
      oneOf: [{ required: ['key'] }, { required: ['prefix'] }],
    }),
    op('unsubscribe', { subscription: frameId }, ['subscription']),
    op('session', { ttlSeconds: { type: 'integer', minimum: 1, maximum: TTL_SECONDS_MAX }, owner: { type: 'string', maxLength: 255 } }, ['ttlSeconds']),
    op('session', { session: leaseId }, ['session']),
    op('register', { ...instance, ...registration }, ['namespace', 'service', 'instance', 'address'], {
      oneOf: [{ required: ['port'] }, { required: ['ports'] }],
    }),
    op('deregister', { ...instance, leaseId }, ['namespace', 'service', 'instance']),
  ],
} as const;

/** Nouns and changes are those of the REST API. */
const shared = (name: string): Fields => ({ $ref: `urn:quorate:schemas:platform#/components/schemas/${name}` });
const listOf = (...names: readonly string[]): Fields => ({ anyOf: names.map((name) => ({ type: 'array', items: shared(name) })) });

function answer(type: string, fields: Fields, required: readonly string[]): Fields {
  return { type: 'object', properties: { id: frameId, type: { const: type }, ...fields }, required: ['id', 'type', ...required] };
}

/** What a client gets. Refers to `PLATFORM_SCHEMAS`. */
export const WS_SERVER_FRAME_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:quorate:schemas:ws-server-frame',
  title: 'A frame from the server',
  oneOf: [
    answer('ok', { item: { anyOf: [shared('Session'), shared('Instance')] }, revision }, []),
    answer('pong', {}, []),
    {
      type: 'object',
      properties: { id: { type: ['integer', 'null'], minimum: 0 }, type: { const: 'error' }, error: { $ref: 'urn:quorate:schemas:platform#/components/schemas/Error/properties/error' } },
      required: ['id', 'type', 'error'],
    },
    answer('snapshot', { revision, items: listOf('ConfigItem', 'Instance', 'KvItem'), skipped: { type: 'integer', minimum: 1 } }, ['revision', 'items']),
    answer('change', { revision, changes: { ...listOf('ConfigChange', 'InstanceChange', 'KvChange'), type: 'array', minItems: 1 } }, ['revision', 'changes']),
    answer('reset', { revision }, ['revision']),
  ],
} as const;
