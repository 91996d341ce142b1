/** Sines of whole numbers as 32-bit fractions: the table of RFC 1321, section 3.4. */
const SINES = Uint32Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32));
const SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const;
const BLOCK_BYTES = 64;

/** The MD5 of some bytes (RFC 1321) in lower-case hexadecimal. A mark of equality for people and scripts, of no use against forgers. */
export function md5Hex(bytes: Buffer): string {
  const padded = Buffer.alloc((Math.floor((bytes.length + 8) / BLOCK_BYTES) + 1) * BLOCK_BYTES);
  bytes.copy(padded);
  padded[bytes.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(bytes.length) * 8n, padded.length - 8);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const words = new Uint32Array(16);
  for (let offset = 0; offset < padded.length; offset += BLOCK_BYTES) {
    for (let at = 0; at < 16; at++) words[at] = padded.readUInt32LE(offset + 4 * at);
    addBlock(state, words);
  }
  const digest = Buffer.alloc(16);
  state.forEach((word, at) => digest.writeUInt32LE(word, 4 * at));
  return digest.toString('hex');
}

function addBlock(state: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let step = 0; step < 64; step++) {
    const round = step >> 4;
    const mixed = (a + mix(round, b, c, d) + (SINES[step] as number) + (words[wordOf(round, step)] as number)) | 0;
    const shift = SHIFTS[round]?.[step & 3] as number;
    a = d;
    d = c;
    c = b;
    b = (b + ((mixed << shift) | (mixed >>> (32 - shift)))) | 0;
  }
  [a, b, c, d].forEach((word, at) => { state[at] = ((state[at] as number) + word) >>> 0; });
}

function mix(round: number, b: number, c: number, d: number): number {
  switch (round) {
    case 0: return (b & c) | (~b & d);
    case 1: return (d & b) | (~d & c);
    case 2: return b ^ c ^ d;
    default: return c ^ (b | ~d);
  }
}

function wordOf(round: number, step: number): number {
  switch (round) {
    case 0: return step;
    case 1: return (5 * step + 1) & 15;
    case 2: return (3 * step + 5) & 15;
    default: return (7 * step) & 15;
  }
}
