import * as fc from 'fast-check';
import { keyValueLength, StoredVersion, writeKeyValue } from './key-value';
import { encode } from './mvcc-model.testing';

const revision = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2 ** 31 - 2, max: 2 ** 31 + 2 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const lease = fc.oneof(fc.constant(0n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(2n ** 53n - 3n, 2n ** 53n + 3n));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

function write(key: string, create: number, mod: number, version: number, value: Buffer, lease_: bigint): StoredVersion {
  const length = keyValueLength(key, create, mod, version, value.length, lease_);
  const target = Buffer.alloc(length + 7, 0xee);
  expect(writeKeyValue(target, 3, key, create, mod, version, value, 0, value.length, lease_)).toBe(3 + length);
  return new StoredVersion(target, 3, 3 + length, mod, 0, version === 0, undefined);
}

test('fields ascend and zeros are left out, byte for byte', () => {
  const kv = write('k\xff', 2, 300, 1, Buffer.from('v'), -1n);
  expect(kv.encoded.toString('hex')).toBe('0a026bff' + '1002' + '18ac02' + '2001' + '2a0176' + '30ffffffffffffffffff01');
  expect(write('k', 0, 5, 0, Buffer.alloc(0), 0n).encoded.toString('hex')).toBe('0a016b1805');
});

test('whatever is written is read back, and agrees with a second encoder', () => {
  fc.assert(fc.property(bytes.filter((key) => key.length > 0), revision, revision, revision, bytes, lease, (keyBytes, create, mod, version, value, id) => {
    const key = keyBytes.latin1Slice();
    const kv = write(key, create, mod, version, value, id);
    expect(kv.encoded.equals(encode({ key, main: mod, sub: 0, tombstone: false, create, version, value: value.latin1Slice(), lease: id }))).toBe(true);
    for (const each of [kv, StoredVersion.ofRow(kv)]) {
      expect([each.key, each.createRevision, each.modRevision, each.version, each.lease]).toEqual([key, create, mod, version, id]);
      expect(each.value.equals(value)).toBe(true);
    }
    const bare = kv.withoutValue();
    expect(bare.encoded.equals(encode({ key, main: mod, sub: 0, tombstone: false, create, version, value: '', lease: id }))).toBe(true);
  }), { numRuns: 500, seed: 1 });
});

test('a row that is no key-value is refused', () => {
  const row = (hex: string): StoredVersion => StoredVersion.ofRow({ main: 2, sub: 0, tombstone: false, data: Buffer.from(hex, 'hex') });
  expect(() => row('0a016b3805').version).toThrow('unknown tag 56');
  expect(() => row('0a056b').version).toThrow('longer than its row');
});
