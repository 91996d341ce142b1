import { crc32c, crc32cOfWords } from './crc32c';

const ascending = Buffer.from(Array.from({ length: 32 }, (_, at) => at));

describe('crc32c', () => {
  test.each([
    ['nothing', Buffer.alloc(0), 0],
    ['the check string', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros (RFC 3720, B.4)', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 ascending', ascending, 0x46dd794e],
    ['32 descending', Buffer.from(ascending).reverse(), 0x113fdb5c],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes) >>> 0).toBe(expected);
  });

  test('goes on from the checksum of what comes before, at any place', () => {
    const bytes = Buffer.from(Array.from({ length: 203 }, (_, at) => (at * 97) & 0xff));
    for (let cut = 0; cut <= bytes.length; cut++) expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
  });

  test('of words is that of their bytes', () => {
    const bytes = Buffer.allocUnsafeSlow(400);
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 131 + (at >> 3)) & 0xff;
    const words = new Int32Array(bytes.buffer);
    for (let from = 0; from < 9; from++) {
      for (let to = from; to <= 100; to++) expect(crc32cOfWords(words, from, to, 7)).toBe(crc32c(bytes.subarray(4 * from, 4 * to), 7));
    }
  });
});
