import fc from 'fast-check';
import { formatGoDuration, integerRanges, parseGoBoolean, parseGoDuration, parseGoInteger } from './go-values';

describe('integers', () => {
  it.each([
    ['0', 0], ['7', 7], ['007', 7], ['0o17', 15], ['0x1F', 31], ['0b101', 5], ['1_000', 1_000], ['0x_ff', 255], ['+5', 5], ['-5', -5], ['-0x10', -16],
  ])('%s is %d', (text, value) => expect(parseGoInteger(text, integerRanges.int)).toBe(value));

  it.each(['', 'x', '1.5', '08', '1__0', '_1', '1_', '0x', '5 ', ' 5', '1e3', '--5'])('%j cannot be read', (text) => {
    expect(() => parseGoInteger(text, integerRanges.int)).toThrow('parse error');
  });

  it('keeps the ranges', () => {
    expect(parseGoInteger('4294967295', integerRanges.uint32)).toBe(4_294_967_295);
    expect(() => parseGoInteger('4294967296', integerRanges.uint32)).toThrow('value out of range');
    expect(() => parseGoInteger('-9223372036854775809', integerRanges.int)).toThrow('value out of range');
    expect(() => parseGoInteger('-1', integerRanges.uint)).toThrow('parse error');
    expect(() => parseGoInteger('+1', integerRanges.uint)).toThrow('parse error');
  });

  it('reads what it is written as', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => parseGoInteger(String(value), integerRanges.int) === value));
  });
});

describe('booleans', () => {
  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s is true', (text) => expect(parseGoBoolean(text)).toBe(true));
  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('%s is false', (text) => expect(parseGoBoolean(text)).toBe(false));
  it.each(['', 'yes', 'tRUE', 'on', '2'])('%j is neither', (text) => expect(() => parseGoBoolean(text)).toThrow('parse error'));
});

describe('durations', () => {
  it.each([
    ['0', 0, '0s'], ['+0', 0, '0s'], ['100ms', 100, '100ms'], ['1.5s', 1_500, '1.5s'], ['.5s', 500, '500ms'], ['1.s', 1_000, '1s'], ['1h30m', 5_400_000, '1h30m0s'],
    ['2h', 7_200_000, '2h0m0s'], ['90s', 90_000, '1m30s'], ['-5m', -300_000, '-5m0s'], ['250us', 0.25, '250µs'], ['250µs', 0.25, '250µs'], ['5ns', 5e-6, '5ns'],
  ])('%s is %d ms, printed as %s', (text, ms, printed) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms, 9);
    expect(formatGoDuration(ms)).toBe(printed);
  });

  it.each(['', '5', '-', 's', '.s', '5 s', '5d', '5sx', '1h-5m', '1e3s', '300000000h'])('%j cannot be read', (text) => {
    expect(() => parseGoDuration(text)).toThrow('parse error');
  });

  it('reads what it prints', () => {
    fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
      expect(parseGoDuration(formatGoDuration(ms))).toBeCloseTo(ms, 6);
    }));
  });
});
