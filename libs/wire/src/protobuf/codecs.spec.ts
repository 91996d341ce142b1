import fc from 'fast-check';
import { allMethods } from '../services';
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
