/**
 * Values as Go's flag package reads them: the integers of `strconv` with base prefix and underscores, the booleans of
 * `strconv.ParseBool`, and the durations of `time.ParseDuration`.
 */

/** What is wrong with a value, in the words of Go's flag package. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

export const UINT32_MAX = 2 ** 32 - 1;

const PARSE_ERROR = 'parse error';
const RANGE_ERROR = 'value out of range';

const booleans = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** @throws ValueError */
export function parseGoBoolean(text: string): boolean {
  const value = booleans.get(text);
  if (value === undefined) throw new ValueError(PARSE_ERROR);
  return value;
}

export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

export const integerRanges = {
  int: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint: { min: 0n, max: 2n ** 64n - 1n },
  uint32: { min: 0n, max: 2n ** 32n - 1n },
} as const satisfies Record<string, IntegerRange>;

/** `0x1f`, `0b11`, `0o17`, `017` and decimal, with `_` between digits. Beyond 2^53 the nearest number. @throws ValueError */
export function parseGoInteger(text: string, range: IntegerRange): number {
  const match = /^([+-]?)(0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB]_?[01]+(?:_[01]+)*|0[oO]?_?[0-7]+(?:_[0-7]+)*|0|[1-9][0-9]*(?:_[0-9]+)*)$/.exec(text);
  if (match === null) throw new ValueError(PARSE_ERROR);
  const [, sign = '', digits = ''] = match;
  if (sign !== '' && range.min === 0n) throw new ValueError(PARSE_ERROR);
  const plain = digits.replaceAll('_', '').replace(/^0([0-7]+)$/, '0o$1');
  const value = sign === '-' ? -BigInt(plain) : BigInt(plain);
  if (value < range.min || value > range.max) throw new ValueError(RANGE_ERROR);
  return Number(value);
}

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION_MAX_MS = 2 ** 63 / 1e6;

/** `1h30m`, `100ms`, `-1.5s`, `0`; in milliseconds. @throws ValueError */
export function parseGoDuration(text: string): number {
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0;
  if (!/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) throw new ValueError(PARSE_ERROR);
  let total = 0;
  for (const [, amount = '', unit = ''] of body.matchAll(/([0-9.]+)([a-zµμ]+)/g)) total += Number(amount) * (unitMs[unit] ?? 0);
  if (total >= DURATION_MAX_MS) throw new ValueError(PARSE_ERROR);
  return sign === '-' ? -total : total;
}

/** A duration in milliseconds as Go prints it: `1h30m0s`, `100ms`, `0s`. */
export function formatGoDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  const ms = Math.abs(durationMs);
  if (ms < 1) return ms * 1000 >= 1 ? `${sign}${trimmed(ms * 1000)}µs` : `${sign}${trimmed(ms * 1e6)}ns`;
  if (ms < 1000) return `${sign}${trimmed(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${trimmed((ms % 60_000) / 1000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}
