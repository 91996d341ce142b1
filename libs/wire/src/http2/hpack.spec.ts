import fc from 'fast-check';
import { HUFFMAN_CODE_BITS, STATIC_TABLE } from './hpack.table';
import { HpackDecoder, HpackError } from './hpack-decoder';
import { HpackEncoder } from './hpack-encoder';
import { decodeHuffman, HuffmanError, huffmanLength, writeHuffman } from './huffman';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

function decode(decoder: HpackDecoder, block: Buffer, listBytesMax = Infinity): string[] {
  return decoder.decode(block, 0, block.length, listBytesMax).fields.map(({ name, value }) => `${name}: ${value}`);
}

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).latin1Slice());

describe('the Huffman code', () => {
  test('is complete: the codes fill the code space', () => {
    expect(HUFFMAN_CODE_BITS).toHaveLength(257);
    expect(HUFFMAN_CODE_BITS.reduce((sum, bits) => sum + 2 ** (30 - bits), 0)).toBe(2 ** 30);
    expect(STATIC_TABLE).toHaveLength(61);
  });

  test('is that of RFC 7541', () => {
    for (const [coded, text] of [
      ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'], ['a8eb10649cbf', 'no-cache'], ['25a849e95ba97d7f', 'custom-key'],
      ['25a849e95bb8e8b4bf', 'custom-value'], ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ] as const) {
      const bytes = hex(coded);
      expect(decodeHuffman(bytes, 0, bytes.length)).toBe(text);
      const written = Buffer.alloc(huffmanLength(text));
      expect(writeHuffman(written, 0, text)).toBe(bytes.length);
      expect(written).toEqual(bytes);
    }
  });

  test('gives back what was coded', () => {
    fc.assert(fc.property(latin1, (text) => {
      const bytes = Buffer.alloc(huffmanLength(text));
      expect(writeHuffman(bytes, 0, text)).toBe(bytes.length);
      expect(decodeHuffman(bytes, 0, bytes.length)).toBe(text);
    }), { numRuns: 1000, seed: 1 });
  });

  test('is refused with wrong padding and with an end of string', () => {
    // 'a' (00011) and three zero bits; 'a' and eleven one bits; only ones.
    for (const coded of ['18', '1fff', 'ffffffff', 'fffffffc', 'ff']) {
      const bytes = hex(coded);
      expect(() => decodeHuffman(bytes, 0, bytes.length)).toThrow(HuffmanError);
    }
  });
});

describe('RFC 7541, appendix C', () => {
  const requests = [
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
  ];
  const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
  const location = 'location: https://www.example.com';
  const responses = [
    [':status: 302', 'cache-control: private', date, location],
    [':status: 307', 'cache-control: private', date, location],
    [':status: 200', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:22 GMT', location, 'content-encoding: gzip',
      'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ];

  test.each([
    ['C.2.1', '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header']],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path']],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret']],
    ['C.2.4', '82', [':method: GET']],
  ])('%s', (_section, block, fields) => {
    expect(decode(new HpackDecoder(), hex(block))).toEqual(fields);
  });

  test.each([
    ['C.3', ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65']],
    ['C.4', ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', '8286 84be 5886 a8eb 1064 9cbf', '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf']],
  ])('%s: requests', (_section, blocks) => {
    const decoder = new HpackDecoder();
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(requests);
  });

  test.each([
    ['C.5', ['4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31']],
    ['C.6', ['4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07']],
  ])('%s: responses, with evictions from a table of 256 octets', (_section, blocks) => {
    const decoder = new HpackDecoder();
    decode(decoder, hex('3fe101'));
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(responses);
  });
});

describe('HpackDecoder', () => {
  test.each([
    ['an index of no table', 'be'], ['the index 0', '80'], ['a name of no table', '7f0001 61'], ['a string past the end', '400161'],
    ['a number without end', 'ffffffffffff'], ['a number that is too large', 'ffffffffff7f'], ['a table beyond the limit', '3fe21f'],
    ['a table size after a field', '8220'], ['a field cut off', '40'], ['a value cut off', '400161'], ['bad Huffman padding', '00816118'],
  ])('refuses %s', (_name, block) => {
    expect(() => decode(new HpackDecoder(), hex(block))).toThrow(HpackError);
  });

  test('keeps no list larger than allowed, but follows the table', () => {
    const decoder = new HpackDecoder();
    const insert = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), Buffer.from([0x7f, 0xe9, 0x06]), Buffer.alloc(1000, 'v')]);
    const first = decoder.decode(insert, 0, insert.length, 100);
    expect(first).toEqual({ fields: [], tooLarge: true });
    // A bomb: a thousand times the same entry of a kilobyte.
    const bomb = Buffer.alloc(1000, 0xbe);
    const { fields, tooLarge } = decoder.decode(bomb, 0, bomb.length, 5000);
    expect(tooLarge).toBe(true);
    expect(fields).toHaveLength(4);
    expect(fields.every((field) => field === fields[0])).toBe(true);
  });

  test('takes any bytes', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      try {
        for (const block of blocks) decode(decoder, Buffer.from(block));
      } catch (error) {
        expect(error).toBeInstanceOf(HpackError);
      }
    }), { numRuns: 3000, seed: 2 });
  });
});

describe('HpackEncoder', () => {
  const field = fc.record({ name: fc.constantFrom(':status', 'a', 'content-type', 'x-long-name'), value: fc.oneof(fc.constantFrom('200', '1', 'x'), latin1), repeats: fc.boolean() });
  const step = fc.oneof(
    { arbitrary: fc.record({ fields: fc.array(field, { maxLength: 6 }) }), weight: 4 },
    { arbitrary: fc.record({ limit: fc.constantFrom(0, 40, 100, 4096, 100_000) }), weight: 1 },
  );

  test('writes what the decoder reads, whatever becomes of the table', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 20 }), (script) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      for (const item of script) {
        if ('limit' in item) encoder.limitTable(item.limit);
        else expect(decode(decoder, encoder.encode(item.fields))).toEqual(item.fields.map(({ name, value }) => `${name}: ${value}`));
      }
    }), { numRuns: 1000, seed: 3 });
  });

  test('tells the smallest size that the table had, and the last', () => {
    const encoder = new HpackEncoder();
    encoder.limitTable(0);
    encoder.limitTable(100);
    expect(encoder.encode([{ name: ':status', value: '200' }])).toEqual(hex('20 3f45 88'));
    expect(encoder.encode([{ name: ':status', value: '200' }])).toEqual(hex('88'));
  });

  test('repeats a block in a byte per field', () => {
    const encoder = new HpackEncoder();
    const fields = [{ name: ':status', value: '200' }, { name: 'content-type', value: 'application/grpc', repeats: true }];
    expect(encoder.encode(fields).length).toBeGreaterThan(10);
    const version = encoder.tableVersion;
    expect(encoder.encode(fields)).toEqual(hex('88be'));
    expect(encoder.tableVersion).toBe(version);
  });
});
