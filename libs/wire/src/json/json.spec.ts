import fc from 'fast-check';
import { messageArbitrary } from '../protobuf/arbitraries.testing';
import type { Codec } from '../protobuf/codec';
import { DecodeError } from '../protobuf/decode-error';
import { KeyValueCodec } from '../protobuf/key-value';
import { allMethods } from '../services';
import { GATEWAY_JSON, GATEWAY_PROTOBUF, type Golden } from './gateway-golden.testing';
import { decodeJson } from './json-decoder';
import { encodeJson } from './json-encoder';

const codecs = new Map<string, Codec<unknown>>();
for (const { request, response } of allMethods()) for (const codec of [request, response]) codecs.set(codec.schema.name, codec);
const codecOf = (shortName: string): Codec<unknown> => codecs.get(`etcdserverpb.${shortName}`) as Codec<unknown>;

function outcomeOf(codec: Codec<unknown>, decode: () => unknown): Golden[2] {
  try {
    const message = decode();
    return { hex: codec.encode(message).toString('hex'), json: encodeJson(codec, message) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { error: error.message };
  }
}

describe('the gateway codec answers as the Go implementation', () => {
  test.each(GATEWAY_JSON)('%s from JSON %s', (name, input, output) => {
    const codec = codecOf(name);
    expect(outcomeOf(codec, () => decodeJson(codec, input))).toEqual(output);
  });

  test.each(GATEWAY_PROTOBUF)('%s from protobuf %s', (name, input, output) => {
    const codec = codecOf(name);
    expect(outcomeOf(codec, () => codec.decode(Buffer.from(input, 'hex')))).toEqual(output);
  });
});

describe('decodeJson', () => {
  const put = codecOf('PutRequest');

  test('takes an empty body for an empty message, as bytes too', () => {
    for (const body of ['', ' \n', Buffer.from('{}'), Buffer.alloc(0)]) expect(encodeJson(put, decodeJson(put, body))).toBe('{}');
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(() => decodeJson(put, Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(DecodeError);
  });

  test('refuses half a surrogate pair', () => {
    expect(() => decodeJson(codecOf('AuthUserAddRequest'), '{"name":"\\ud83d"}')).toThrow(DecodeError);
  });

  test('bounds nesting', () => {
    const nested = (levels: number): string => `${'{"success":[{"requestTxn":'.repeat(levels)}{}${'}]}'.repeat(levels)}`;
    expect(decodeJson(codecOf('TxnRequest'), nested(200))).toBeDefined();
    for (const text of [nested(600), nested(100_000), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000)]) {
      expect(() => decodeJson(codecOf('TxnRequest'), text)).toThrow(DecodeError);
    }
  });

  test('keeps the bytes of a key-value that comes as JSON', () => {
    const range = codecOf('RangeResponse');
    const message = decodeJson(range, '{"kvs":[{"key":"YQ==","mod_revision":"3","value":"Yg=="}]}') as { kvs: { encoded: Buffer }[] };
    expect(KeyValueCodec.decode((message.kvs[0] as { encoded: Buffer }).encoded)).toMatchObject({ key: 'a', modRevision: 3, value: Buffer.from('b') });
  });

  test.each([...codecs])('%s comes back as it was', (_name, codec) => {
    fc.assert(fc.property(messageArbitrary(codec.schema), (message) => {
      expect(decodeJson(codec, encodeJson(codec, message))).toEqual(message);
    }), { numRuns: 60, seed: 5 });
  });

  test('never throws anything but DecodeError', () => {
    const txn = codecOf('TxnRequest');
    const texts = GATEWAY_JSON.map(([, input]) => input);
    const mutated = fc.tuple(fc.constantFrom(...texts), fc.nat(200), fc.nat(4), fc.string({ maxLength: 4 }))
      .map(([text, at, remove, insert]) => text.slice(0, at) + insert + text.slice(at + remove));
    fc.assert(fc.property(fc.oneof(mutated, fc.string(), fc.json()), fc.constantFrom(put, txn, codecOf('WatchRequest')), (text, codec) => {
      outcomeOf(codec, () => decodeJson(codec, text));
    }), { numRuns: 5000, seed: 6 });
  });
});
