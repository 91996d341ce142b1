import { decodeHuffman, HpackDecoder, HpackError, RequestHeaderEncoder } from './hpack';
import { HUFFMAN_CODE_BITS } from './hpack-tables';

function decodeAll(decoder: HpackDecoder, block: Buffer): string[] {
  const fields: string[] = [];
  decoder.decodeAll(block, 0, block.length, (name, value) => fields.push(`${name}: ${value}`));
  return fields;
}

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('Huffman code', () => {
  it('is complete: the lengths of all 257 codes fill the code space exactly', () => {
    expect(HUFFMAN_CODE_BITS).toHaveLength(257);
    expect(HUFFMAN_CODE_BITS.reduce((sum, bits) => sum + 2 ** (30 - bits), 0)).toBe(2 ** 30);
  });

  it.each([
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    [
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ])('decodes the examples of RFC 7541, appendix C (%s)', (coded, text) => {
    const bytes = hex(coded);
    expect(decodeHuffman(bytes, 0, bytes.length)).toBe(text);
  });

  it('refuses wrong padding and an end-of-string symbol', () => {
    expect(() => decodeHuffman(hex('18'), 0, 1)).toThrow(HpackError); // 'a' and three zero bits
    expect(() => decodeHuffman(hex('1fff'), 0, 2)).toThrow(HpackError); // 'a' and eleven one bits
    expect(() => decodeHuffman(hex('ffffffff'), 0, 4)).toThrow(HpackError);
  });
});

describe('HpackDecoder', () => {
  it('decodes three responses in a row as RFC 7541, C.6 does, with evictions from a table of 256 octets', () => {
    const decoder = new HpackDecoder();
    const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
    decodeAll(decoder, hex('3fe101')); // the table of the example: 256 octets
    expect(
      decodeAll(
        decoder,
        hex(
          '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        ),
      ),
    ).toEqual([':status: 302', 'cache-control: private', date, 'location: https://www.example.com']);
    expect(decodeAll(decoder, hex('4883 640e ffc1 c0bf'))).toEqual([
      ':status: 307',
      'cache-control: private',
      date,
      'location: https://www.example.com',
    ]);
    expect(
      decodeAll(
        decoder,
        hex(
          '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        ),
      ),
    ).toEqual([
      ':status: 200',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:22 GMT',
      'location: https://www.example.com',
      'content-encoding: gzip',
      'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ]);
  });

  it('does not serve a block of indexes from memory after the table has changed', () => {
    const decoder = new HpackDecoder();
    const insert = (status: string): Buffer =>
      Buffer.concat([Buffer.of(0x40, 11), Buffer.from('grpc-status'), Buffer.of(1), Buffer.from(status)]);
    const indexed = Buffer.of(0xbe);
    decodeAll(decoder, insert('0'));
    expect(decoder.decode(indexed, 0, 1).grpcStatus).toBe(0);
    expect(decoder.decode(indexed, 0, 1).grpcStatus).toBe(0);
    decodeAll(decoder, insert('7'));
    expect(decoder.decode(indexed, 0, 1).grpcStatus).toBe(7);
    decodeAll(decoder, Buffer.of(0x20));
    expect(() => decoder.decode(indexed, 0, 1)).toThrow(HpackError);
  });

  it.each([
    ['an index in no table', 'be'],
    ['index 0', '80'],
    ['a string past the end', '400161'],
    ['a number without an end', 'ffffffffffff'],
    ['a table larger than announced', '3fe21f'],
    ['a field cut off', '40'],
  ])('refuses %s', (_name, block) => {
    const bytes = hex(block);
    expect(() => new HpackDecoder().decode(bytes, 0, bytes.length)).toThrow(HpackError);
  });
});

describe('RequestHeaderEncoder', () => {
  const expected = (path: string): string[] => [
    ':method: POST',
    ':scheme: http',
    `:path: ${path}`,
    ':authority: 127.0.0.1:2379',
    'content-type: application/grpc',
    'user-agent: quorate-bench/1',
    'te: trailers',
  ];

  it('says the same in every block, and in seven bytes once a path is known', () => {
    const encoder = new RequestHeaderEncoder('127.0.0.1:2379');
    const decoder = new HpackDecoder();
    for (const path of ['/a/Put', '/a/Put', '/a/Range', '/a/Put', '/a/Range', '/a/Txn', '/a/Put']) {
      expect(decodeAll(decoder, encoder.blockFor(path))).toEqual(expected(path));
    }
    expect(encoder.blockFor('/a/Put')).toHaveLength(7);
  });

  it('indexes nothing for a peer with a smaller table', () => {
    const encoder = new RequestHeaderEncoder('127.0.0.1:2379');
    const decoder = new HpackDecoder();
    expect(decodeAll(decoder, encoder.blockFor('/a/Put'))).toEqual(expected('/a/Put'));
    encoder.limitTable(100);
    const first = encoder.blockFor('/a/Put');
    expect(first[0]).toBe(0x20);
    expect(decodeAll(decoder, first)).toEqual(expected('/a/Put'));
    expect(decodeAll(decoder, encoder.blockFor('/a/Put'))).toEqual(expected('/a/Put'));
    expect(decodeAll(decoder, encoder.blockFor('/a/Range'))).toEqual(expected('/a/Range'));
  });
});
