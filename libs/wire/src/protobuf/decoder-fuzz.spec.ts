import fc from 'fast-check';
import type { RequestOp, TxnRequest } from '@quorate/api';
import { allMethods, services } from '../services';
import { messageArbitrary } from './arbitraries.testing';
import type { Codec } from './codec';
import { DecodeError } from './decode-error';
import { MAX_MESSAGE_DEPTH } from './reader';

const codecs = new Map<string, Codec<unknown>>();
for (const { request, response } of allMethods()) for (const codec of [request, response]) codecs.set(codec.schema.name, codec);

/** Decodes, and where that works encodes and decodes again: also what nobody would send has to come back the same. */
function feed(codec: Codec<unknown>, bytes: Buffer): 'decoded' | 'refused' {
  try {
    const message = codec.decode(bytes);
    expect(codec.decode(codec.encode(message))).toEqual(message);
    return 'decoded';
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return 'refused';
  }
}

const { Txn, Put, Range } = services.KV;
const txnCodec = Txn.request as Codec<unknown>;

describe('decoders of hostile bytes', () => {
  test.each([...codecs])('%s takes or refuses random bytes', (_name, codec) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void feed(codec, Buffer.from(bytes))), { numRuns: 300, seed: 13 });
  });

  test.each([...codecs])('%s takes or refuses mutated messages', (_name, codec) => {
    const mutation = fc.record({ at: fc.nat(400), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
    fc.assert(fc.property(messageArbitrary(codec.schema, 2), fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
      let bytes: Buffer = codec.encode(message);
      for (const { at, remove, insert } of mutations) {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
      }
      feed(codec, bytes);
    }), { numRuns: 150, seed: 14 });
  });

  test.each([...codecs])('%s passes over fields that it does not know', (_name, codec) => {
    const varint = Buffer.from([0xf8, 0x3f, 0x96, 0x01]);
    const fixed64 = Buffer.from([0xf9, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8]);
    const delimited = Buffer.from([0xfa, 0x3f, 2, 9, 9]);
    const groups = Buffer.from([0xfb, 0x3f, 0x0b, 0x08, 1, 0x0c, 0xfc, 0x3f]);
    const fixed32 = Buffer.from([0xfd, 0x3f, 1, 2, 3, 4]);
    fc.assert(fc.property(messageArbitrary(codec.schema, 1), (message) => {
      const bytes = codec.encode(message);
      const padded = Buffer.concat([varint, fixed64, groups, bytes, delimited, fixed32, varint]);
      const decoded = codec.decode(padded);
      if (!codec.schema.keepsEncoded) expect(decoded).toEqual(message);
    }), { numRuns: 20, seed: 15 });
  });

  test('cut off anywhere, a message is refused or means less', () => {
    const bytes = Put.request.encode({ key: 'key', value: Buffer.from('value'), lease: 77n, prevKv: true });
    const outcomes = Array.from(bytes, (_byte, length) => feed(Put.request as Codec<unknown>, bytes.subarray(0, length)));
    expect(outcomes.filter((outcome) => outcome === 'refused').length).toBeGreaterThan(10);
  });

  function nested(levels: number): TxnRequest {
    let txn: TxnRequest = { compare: [], success: [], failure: [] };
    for (let level = 0; level < levels; level++) {
      const op: RequestOp = { type: 'txn', request: txn };
      txn = { compare: [], success: [op], failure: [] };
    }
    return txn;
  }

  function varintOf(value: number): number[] {
    return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varintOf(value >>> 7)];
  }

  test('bounds nesting', () => {
    expect(feed(txnCodec, Txn.request.encode(nested(MAX_MESSAGE_DEPTH / 2)))).toBe('decoded');
    expect(feed(txnCodec, Txn.request.encode(nested(MAX_MESSAGE_DEPTH / 2 + 1)))).toBe('refused');
    let deep = Buffer.alloc(0);
    for (let level = 0; level < 20_000; level++) deep = Buffer.concat([Buffer.from([level % 2 === 0 ? 0x22 : 0x12, ...varintOf(deep.length)]), deep]);
    expect(feed(txnCodec, deep)).toBe('refused');
  });

  test('takes time in proportion to the bytes', () => {
    const many = Buffer.alloc(2_000_000);
    for (let at = 0; at < many.length; at += 2) many[at] = 0x12; // a million empty operations
    const groups = Buffer.alloc(2_000_000, 0x7b);
    const inputs = [many, groups, Buffer.alloc(2_000_000, 0x80), Buffer.alloc(2_000_000, 0xff), Buffer.alloc(2_000_000, 0x0a)];
    const started = process.cpuUsage();
    for (const input of inputs) {
      for (const codec of [txnCodec, Range.request as Codec<unknown>, services.Watch.Watch.request as Codec<unknown>]) {
        try {
          codec.decode(input);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }
    }
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10);
  });
});

describe('buffers', () => {
  test('what is decoded are parts of the received bytes, what is encoded is not', () => {
    const sent = Put.request.encode({ key: 'k', value: Buffer.from('first') });
    const received = Buffer.from(sent);
    const request = Put.request.decode(received);
    const again = Put.request.encode(request);
    received.fill(0x78);
    expect(request.value.toString()).toBe('xxxxx');
    expect(request.key).toBe('k');
    expect(again.equals(sent)).toBe(true);
  });

  test('messages encoded one after the other do not overlap, whatever their size', () => {
    const sizes = [0, 1, 10, 100, 4000, 4100, 20_000, 5, 70_000, 3, 1_000_000, 16_000];
    const values = sizes.map((size, index) => Buffer.alloc(size, index + 1));
    const encoded = values.map((value) => Put.request.encode({ key: 'k'.repeat(value.length % 300), value }));
    encoded.forEach((bytes, index) => expect(Put.request.decode(bytes).value.equals(values[index] as Buffer)).toBe(true));
    encoded.forEach((bytes) => bytes.fill(0));
    expect(Put.request.decode(Put.request.encode({ key: 'a', value: Buffer.from('b') }))).toMatchObject({ key: 'a', value: Buffer.from('b') });
  });
});
