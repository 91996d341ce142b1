import fc from 'fast-check';
import { allMethods, services } from '../services';
import { messageArbitrary } from './arbitraries.testing';
import type { Codec } from './codec';
import { schemaCodec } from './schema-codec';

const codecs = new Map<string, Codec<unknown>>();
for (const { request, response } of allMethods()) for (const codec of [request, response]) codecs.set(codec.schema.name, codec);

describe('every message', () => {
  test.each([...codecs])('%s comes back as it was', (_name, codec) => {
    fc.assert(fc.property(messageArbitrary(codec.schema), (message) => {
      expect(codec.decode(codec.encode(message))).toEqual(message);
    }), { numRuns: 100, seed: 1 });
  });

  test.each([...codecs])('%s is the same by hand and by schema', (_name, codec) => {
    const bySchema = schemaCodec<unknown>(codec.schema);
    fc.assert(fc.property(messageArbitrary(codec.schema), (message) => {
      const bytes = bySchema.encode(message);
      expect(codec.encode(message).equals(bytes)).toBe(true);
      expect(bySchema.decode(bytes)).toEqual(message);
    }), { numRuns: 100, seed: 2 });
  });

  test.each([...codecs])('%s carries a gRPC prefix where asked', (_name, codec) => {
    fc.assert(fc.property(messageArbitrary(codec.schema), (message) => {
      const bytes = codec.encode(message);
      const frame = codec.encodeFrame(message);
      expect(frame[0]).toBe(0);
      expect(frame.readUInt32BE(1)).toBe(bytes.length);
      expect(frame.subarray(5).equals(bytes)).toBe(true);
    }), { numRuns: 20, seed: 3 });
  });
});

describe('bytes on the wire, worked out by hand from the .proto files', () => {
  const header = { clusterId: 0n, memberId: 0n, revision: 3, raftTerm: 0 };
  const leader = { name: 'E', key: 'E/1', rev: 5, lease: 1n };
  const { KV, Maintenance, Lock, Election, Health } = services;

  test.each<[string, Codec<never>, unknown, string]>([
    ['PutRequest', KV.Put.request as Codec<never>, { key: 'k', value: Buffer.from('v'), lease: -1n }, '0a016b12017618ffffffffffffffffff01'],
    ['StatusResponse', Maintenance.Status.response as Codec<never>, {
      header, version: '', dbSizeBytes: 0, dbSizeInUseBytes: 0, dbSizeQuotaBytes: 1, leader: 2n, raftIndex: 3, raftTerm: 4, raftAppliedIndex: 5,
      errors: [], isLearner: true, storageVersion: '3.6', downgradeInfo: { enabled: true, targetVersion: '3.5' },
    }, '0a021803' + '2002' + '2803' + '3004' + '3805' + '5001' + '5a03332e36' + '6001' + '6a0708011203332e35'],
    ['HashKVResponse', Maintenance.HashKV.response as Codec<never>, { header, hash: 1, compactRevision: 2, hashRevision: 3 }, '0a021803' + '1001' + '1802' + '2003'],
    ['LockRequest', Lock.Lock.request as Codec<never>, { name: 'L', lease: 7n }, '0a014c' + '1007'],
    ['LockResponse', Lock.Lock.response as Codec<never>, { header, key: 'L/7' }, '0a021803' + '12034c2f37'],
    ['UnlockRequest', Lock.Unlock.request as Codec<never>, { key: 'L' }, '0a014c'],
    ['CampaignRequest', Election.Campaign.request as Codec<never>, { name: 'E', lease: 1n, value: Buffer.from('v') }, '0a0145' + '1001' + '1a0176'],
    ['CampaignResponse', Election.Campaign.response as Codec<never>, { header, leader }, '0a021803' + '120c0a0145' + '1203452f31' + '1805' + '2001'],
    ['ProclaimRequest', Election.Proclaim.request as Codec<never>, { leader, value: Buffer.from('v') }, '0a0c0a0145' + '1203452f31' + '1805' + '2001' + '120176'],
    ['ResignRequest', Election.Resign.request as Codec<never>, { leader }, '0a0c0a0145' + '1203452f31' + '1805' + '2001'],
    ['HealthCheckRequest', Health.Check.request as Codec<never>, { service: 's' }, '0a0173'],
    ['HealthCheckResponse', Health.Check.response as Codec<never>, { status: 2 }, '0802'],
  ])('%s', (_name, codec, message, hex) => {
    expect(codec.encode(message as never).toString('hex')).toBe(hex);
    expect(codec.decode(Buffer.from(hex, 'hex'))).toMatchObject(message as object);
  });
});
