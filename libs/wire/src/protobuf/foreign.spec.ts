import path from 'node:path';
import fc from 'fast-check';
import { loadSync, Root, type Type } from 'protobufjs';
import { allMethods } from '../services';
import { messageArbitrary } from './arbitraries.testing';
import type { Codec } from './codec';
import type { MessageRecord, MessageSchema } from './schema';

/**
 * The .proto files that the `etcd3` package brings, read by protobufjs: another reader and writer of the same bytes.
 * Fields and messages that etcd got after that package was made are left to the other tests.
 */
const folder = path.join(path.dirname(require.resolve('etcd3/package.json')), 'proto');
const root = loadSync(path.join(folder, 'rpc.proto'), new Root());

const NEWER_FIELDS = [
  'AuthUserAddRequest.hashedPassword', 'AuthUserChangePasswordRequest.hashedPassword', 'HashKVResponse.hash_revision',
  'SnapshotResponse.version', 'StatusResponse.dbSizeQuota', 'StatusResponse.downgradeInfo', 'StatusResponse.storageVersion',
];

const codecs = new Map<string, Codec<unknown>>();
for (const { request, response } of allMethods()) for (const codec of [request, response]) codecs.set(codec.schema.name, codec);

function foreignType(name: string): Type | undefined {
  try {
    return root.lookupType(name);
  } catch {
    return undefined;
  }
}

const known = [...codecs.values()].flatMap((codec) => {
  const type = foreignType(codec.schema.name);
  return type === undefined ? [] : [[codec.schema.name, codec, type] as const];
});

/** All schemas that can be reached from the services. */
function allSchemas(): Map<string, MessageSchema> {
  const found = new Map<string, MessageSchema>();
  const visit = (schema: MessageSchema): void => {
    if (found.has(schema.name)) return;
    found.set(schema.name, schema);
    for (const field of schema.fields) if (field.message !== undefined) visit(field.message());
  };
  for (const codec of codecs.values()) visit(codec.schema);
  return found;
}

function withoutNewer(schema: MessageSchema, message: MessageRecord): MessageRecord {
  const newer = schema.fields.filter((field) => NEWER_FIELDS.includes(`${schema.shortName}.${field.name}`));
  return { ...message, ...Object.fromEntries(newer.map((field) => [field.property, undefined])) };
}

const foreignScalar: Record<string, string> = { int64Id: 'int64', uint64Id: 'uint64', key: 'bytes' };

describe('against protobufjs and the .proto files of etcd3', () => {
  test('knows most messages', () => {
    expect(known.length).toBeGreaterThan(75);
  });

  test('has the same fields, numbers and types', () => {
    const newer: string[] = [];
    for (const schema of allSchemas().values()) {
      const type = foreignType(schema.name);
      if (type === undefined) continue;
      const ours = new Map(schema.fields.map((field) => [field.number, field]));
      for (const field of type.fieldsArray) expect([schema.name, field.id, ours.get(field.id)?.jsonName]).toEqual([schema.name, field.id, field.name.replace(/_(.)/g, (_m, c: string) => c.toUpperCase())]);
      for (const field of schema.fields) {
        const theirs = type.fieldsById[field.number];
        if (theirs === undefined) {
          newer.push(`${schema.shortName}.${field.name}`);
          continue;
        }
        expect(theirs.repeated).toBe(field.repeated);
        if (field.type === 'message') expect(`${schema.shortName}: ${field.message?.().shortName}`).toBe(`${schema.shortName}: ${theirs.type.split('.').pop()}`);
        else if (field.type !== 'enum') expect(foreignScalar[field.type] ?? field.type).toBe(theirs.type);
      }
    }
    expect(newer.sort()).toEqual(NEWER_FIELDS.sort());
  });

  test.each(known)('%s: protobufjs reads what we write and writes what we read', (_name, codec, type) => {
    fc.assert(fc.property(messageArbitrary(codec.schema), (message) => {
      const ours = codec.encode(withoutNewer(codec.schema, message));
      const theirs = Buffer.from(type.encode(type.decode(ours)).finish());
      expect(theirs.equals(ours)).toBe(true);
    }), { numRuns: 60, seed: 4 });
  });
});
