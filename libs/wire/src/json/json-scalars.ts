/** Longest exponent worth working out: beyond it every number but zero is out of any range, or no integer. */
const EXPONENT_MAX = 1000;

/**
 * The integer that a JSON number stands for, exactly: `1e3` and `10e-1` are ones, `1.5` is none.
 * `undefined` for what is no number, no integer, or outside the range.
 */
export function integerOf(text: string, min: bigint, max: bigint): bigint | undefined {
  const match = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return 0n;
  const trailingZeros = `${whole}${fraction}`.length - `${whole}${fraction}`.replace(/0+$/, '').length;
  const shift = Number(exponent) - fraction.length + trailingZeros;
  if (shift < 0 || shift > EXPONENT_MAX || digits.length + shift > EXPONENT_MAX) return undefined;
  const value = BigInt(`${sign}${digits}${'0'.repeat(shift)}`);
  return value < min || value > max ? undefined : value;
}

/**
 * Bytes in base64, in the standard or the URL alphabet (not mixed), with or without padding; line breaks are passed
 * over. `undefined` for anything else.
 */
export function bytesOf(text: string): Buffer | undefined {
  const padded = text.length % 4 === 0;
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0;
  const digits = padding === 0 ? compact : compact.slice(0, -padding);
  if (padded ? compact.length % 4 !== 0 : padding !== 0) return undefined;
  if (digits.length % 4 === 1 || !(/^[A-Za-z0-9+/]*$/.test(digits) || /^[A-Za-z0-9_-]*$/.test(digits))) return undefined;
  return Buffer.from(digits, 'base64');
}
