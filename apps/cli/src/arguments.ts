import { type ByteString, byteStringOf, prefixEnd } from '@quorate/api';
import { CliError, ExitCode } from './cli-error';

const bad = (message: string): CliError => new CliError(message, ExitCode.badArguments);

/** A lease id in hexadecimal. */
export function parseLeaseId(text: string): bigint {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) throw bad(`bad lease ID "${text}": expected up to 16 hexadecimal digits`);
  return BigInt.asIntN(64, BigInt(`0x${text}`));
}

export function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(count)) throw bad(`bad ${name} "${text}": expected a whole number`);
  return count;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it: `5s`, `1m30s`, `500ms`. */
export function parseDurationMs(name: string, text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) throw bad(`bad ${name} "${text}": expected a duration such as 5s or 500ms`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as string] as number), 0);
}

export interface KeyRange {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

export interface RangeFlags {
  readonly prefix?: boolean;
  readonly fromKey?: boolean;
}

/** What `<key> [range_end]`, `--prefix` and `--from-key` mean together. */
export function keyRangeOf(keyText: string, endText: string | undefined, { prefix, fromKey }: RangeFlags): KeyRange {
  if (prefix && fromKey) throw bad('`--prefix` and `--from-key` cannot be set at the same time, choose one');
  const key = byteStringOf(keyText);
  if (endText !== undefined) {
    if (prefix || fromKey) throw bad(`too many arguments, only accept one argument when \`--${prefix ? 'prefix' : 'from-key'}\` is set`);
    return { key, rangeEnd: byteStringOf(endText) };
  }
  if (prefix) return key === '' ? { key: '\0', rangeEnd: '\0' } : { key, rangeEnd: prefixEnd(key) };
  if (fromKey) return { key: key === '' ? '\0' : key, rangeEnd: '\0' };
  return { key, rangeEnd: '' };
}
