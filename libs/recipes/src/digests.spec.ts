import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { md5Hex } from './md5';
import { rfc3339 } from './rfc3339';

describe('md5Hex', () => {
  it('equals the MD5 of OpenSSL for every length around a block, and for any bytes', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = Buffer.alloc(length, length);
      expect(md5Hex(bytes)).toBe(createHash('md5').update(bytes).digest('hex'));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => md5Hex(Buffer.from(bytes)) === createHash('md5').update(bytes).digest('hex')), { seed: 5 });
  });
});

describe('rfc3339', () => {
  it('writes what Date writes', () => {
    for (const text of ['1970-01-01T00:00:00.000Z', '2000-02-29T23:59:59.999Z', '2100-02-28T12:00:00.001Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']) {
      expect(rfc3339(Date.parse(text))).toBe(text);
    }
    fc.assert(fc.property(fc.date({ min: new Date(0), max: new Date('2400-01-01'), noInvalidDate: true }), (date) => rfc3339(date.getTime()) === date.toISOString()), { seed: 7 });
  });
});
