import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { environmentName, type Flag, type FlagKind, parseFlagText } from './flag';
import { flagTable } from './flag-table';
import { readCommandLine } from './command-line';
import { readConfigFile } from './config-file';
import { readEnvironment } from './environment';
import { parseServerConfig } from './parse-server-config';
import { Settings } from './settings';

const folder = mkdtempSync(path.join(os.tmpdir(), 'quorate-flag-table-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Sample {
  /** Another value than any default, as text and as it stands in a file. */
  readonly text: string;
  readonly inFile: string;
  /** Texts that cannot be read, and what is said of them. */
  readonly bad: readonly (readonly [text: string, fault: string])[];
}

const samples: Readonly<Record<FlagKind, Sample>> = {
  string: { text: 'some-thing', inFile: '"some-thing"', bad: [] },
  ignored: { text: 'some-thing', inFile: '', bad: [] },
  boolean: { text: '', inFile: '', bad: [['maybe', 'parse error'], ['yes', 'parse error'], ['', 'parse error']] },
  int: { text: '0x11', inFile: '17', bad: [['x', 'parse error'], ['1.5', 'parse error'], ['', 'parse error'], ['9223372036854775808', 'value out of range']] },
  uint: { text: '0x11', inFile: '17', bad: [['x', 'parse error'], ['-1', 'parse error'], ['', 'parse error'], ['18446744073709551616', 'value out of range']] },
  uint32: { text: '0x11', inFile: '17', bad: [['x', 'strconv.ParseUint: parsing "x": invalid syntax'], ['4294967296', 'strconv.ParseUint: parsing "4294967296": value out of range']] },
  duration: { text: '1h2m3.5s', inFile: '3723500000000', bad: [['5', 'parse error'], ['5 s', 'parse error'], ['', 'parse error'], ['1d', 'parse error']] },
  urls: { text: 'http://127.0.0.1:7,http://127.0.0.1:6', inFile: 'http://127.0.0.1:7,http://127.0.0.1:6', bad: [['foo', 'URL scheme must be http, https, unix, or unixs: foo'], ['http://127.0.0.1', 'URL address does not have the form "host:port": http://127.0.0.1']] },
  strings: { text: 'a,b,a', inFile: '[a, b]', bad: [] },
  origins: { text: 'http://a:1', inFile: 'http://a:1', bad: [['foo', 'URL scheme must be http, https, unix, or unixs: foo']] },
  choice: { text: '', inFile: '', bad: [['some-thing', 'invalid value']] },
};

/** A value other than the default, as text and as it stands in a file. */
function otherValue(flag: Flag): Sample {
  const sample = samples[flag.kind];
  if (flag.kind === 'boolean') return { ...sample, text: String(flag.defaultText === 'false'), inFile: String(flag.defaultText === 'false') };
  if (flag.kind === 'choice') {
    const other = flag.choices?.find((choice) => choice !== flag.defaultText) ?? '';
    return { ...sample, text: other, inFile: other };
  }
  // This one is a list on the command line, and one text in a file.
  if (flag.name === 'host-whitelist') return { ...sample, inFile: 'a,b' };
  return sample;
}

/** What is not a flag of its own in the environment or in a file. */
const apart = new Set(['config-file', 'version']);
const rows = flagTable.map((flag) => [flag.name, flag] as const);
const named = rows.filter(([name]) => !apart.has(name));

describe('the flag table', () => {
  it('names each flag once, and no key of the file twice', () => {
    const keys = flagTable.filter(({ fileKey }) => fileKey !== null).map(({ name, fileKey }) => (fileKey ?? [name]).join('/'));
    expect(new Set(flagTable.map(({ name }) => name)).size).toBe(flagTable.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each(rows)('%s has a default that can be read', (_name, flag) => {
    expect(() => parseFlagText(flag, flag.defaultText)).not.toThrow();
    expect(new Settings().value(flag.name)).toEqual(parseFlagText(flag, flag.defaultText));
  });

  it.each(rows)('%s is read from the command line in all its forms, the last wins', (name, flag) => {
    const { text } = otherValue(flag);
    const forms = flag.kind === 'boolean' || flag.kind === 'ignored'
      ? [[`--${name}=${text}`], [`-${name}=${text}`]]
      : [[`--${name}=${text}`], [`-${name}=${text}`], [`--${name}`, text], [`-${name}`, text]];
    for (const args of forms) {
      const settings = new Settings();
      expect(readCommandLine([`--${name}=${flag.defaultText}`, ...args], settings)).toBe('run');
      expect(settings.value(name)).toEqual(parseFlagText(flag, text));
      expect(settings.value(name)).not.toEqual(parseFlagText(flag, flag.defaultText));
    }
  });

  it.each(named)('%s is read from the environment, unless empty', (name, flag) => {
    const { text } = otherValue(flag);
    const settings = new Settings();
    expect(readEnvironment({ [environmentName(name)]: text }, settings)).toEqual([]);
    expect(settings.value(name)).toEqual(parseFlagText(flag, text));
    const untouched = new Settings();
    readEnvironment({ [environmentName(name)]: '' }, untouched);
    expect(untouched.isSet(name)).toBe(false);
  });

  it.each(named)('%s in the environment conflicts with the flag', (name, flag) => {
    const { text } = otherValue(flag);
    expect(parseServerConfig([`--${name}=${text}`], { [environmentName(name)]: text })).toEqual({
      kind: 'error',
      exitCode: 1,
      message: `conflicting environment variable "${environmentName(name)}" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)`,
    });
  });

  it.each(rows.filter(([, flag]) => flag.fileKey !== null))('%s is read from a file', (name, flag) => {
    const { text, inFile } = otherValue(flag);
    const file = path.join(folder, `${name}.yaml`);
    const [first, second] = flag.fileKey ?? [name];
    writeFileSync(file, second === undefined ? `${first}: ${inFile}\n` : `${first}:\n  ${second}: ${inFile}\n`);
    expect(readConfigFile(file).value(name)).toEqual(parseFlagText(flag, text));
  });

  it.each(rows.filter(([, flag]) => flag.fileKey === null))('%s is unknown to a file', (name) => {
    const file = path.join(folder, `${name}.yaml`);
    writeFileSync(file, `\n${name}: 1\n`);
    expect(() => readConfigFile(file)).toThrow(`${file}:2: unknown key "${name}"`);
  });

  const bad = rows.flatMap(([name, flag]) => otherValue(flag).bad.map(([text, fault]) => [name, text, fault, flag] as const));

  it.each(bad)('%s refuses %j with the code 2', (name, text, fault, flag) => {
    const parsed = parseServerConfig([`--${name}=${text}`], {});
    const what = flag.kind === 'boolean' ? `invalid boolean value ${JSON.stringify(text)} for -${name}` : `invalid value ${JSON.stringify(text)} for flag -${name}`;
    expect(parsed).toMatchObject({ kind: 'error', exitCode: 2, message: expect.stringMatching(/\nUsage:\n/) as string });
    expect(parsed.kind === 'error' && parsed.message.split('\n')[0]).toBe(`${what}: ${fault}`);
  });

  it.each(bad.filter(([name, text]) => !apart.has(name) && text !== ''))('%s refuses %j in the environment with the code 1', (name, text, fault) => {
    expect(parseServerConfig([], { [environmentName(name)]: text })).toEqual({
      kind: 'error', exitCode: 1, message: `invalid value ${JSON.stringify(text)} for ${environmentName(name)}: ${fault}`,
    });
  });
});

describe('what a flag asks for and this version does not do', () => {
  const silent = rows.filter(([, { effect, kind, twinOf, gate }]) => kind !== 'ignored' && effect.kind !== 'used' && twinOf === undefined && gate === undefined);

  it.each(silent)('%s at its default says nothing', (name, flag) => {
    expect(parseServerConfig([`--${name}=${flag.defaultText}`], {})).toMatchObject({ kind: 'run', warnings: [] });
  });

  it.each(silent.filter(([, { effect }]) => effect.kind === 'refused'))('%s is refused', (name, flag) => {
    expect(parseServerConfig([`--${name}=${otherValue(flag).text}`], {})).toEqual({
      kind: 'error', exitCode: 1, message: `--${name}: ${flag.effect.kind === 'refused' && flag.effect.because}`,
    });
  });

  it.each(silent.filter(([, { effect }]) => effect.kind === 'warned'))('%s warns', (name, flag) => {
    const parsed = parseServerConfig([`--${name}=${otherValue(flag).text}`], {});
    expect(parsed).toMatchObject({ kind: 'run', warnings: [`--${name} has no effect: ${flag.effect.kind === 'warned' && flag.effect.because}`] });
  });

  it.each(silent.filter(([, { effect }]) => effect.kind === 'moot'))('%s is accepted', (name, flag) => {
    expect(parseServerConfig([`--${name}=${otherValue(flag).text}`], {})).toMatchObject({ kind: 'run', warnings: [] });
  });

  it.each(rows.filter(([, { kind }]) => kind === 'ignored'))('%s is ignored, as in etcd', (name) => {
    expect(parseServerConfig([`--${name}`], {})).toMatchObject({ kind: 'run', warnings: [`flag "-${name}" is no longer supported - ignoring.`] });
  });

  it.each(rows.filter(([, { twinOf }]) => twinOf !== undefined))('%s does what its stable twin does', (name, flag) => {
    const { text } = otherValue(flag);
    const [old, stable] = [parseServerConfig([`--${name}=${text}`], {}), parseServerConfig([`--${flag.twinOf}=${text}`], {})];
    const deprecated = `--${name} is deprecated. Use '--${flag.twinOf}' instead.`;
    if (stable.kind === 'run') expect(old).toEqual({ ...stable, warnings: [deprecated, ...stable.warnings] });
    else expect(old).toEqual(stable);
    expect(flagTable.find((other) => other.name === flag.twinOf)).toMatchObject({ kind: flag.kind, defaultText: flag.defaultText });
  });

  it.each(rows.filter(([, { gate }]) => gate !== undefined))('%s sets its feature gate', (name, flag) => {
    const { text } = otherValue(flag);
    const [old, gated] = [parseServerConfig([`--${name}=${text}`], {}), parseServerConfig([`--feature-gates=${flag.gate}=${text}`], {})];
    if (gated.kind === 'run') expect(old).toMatchObject({ kind: 'run', warnings: [expect.stringContaining(`--${name} is deprecated`), ...gated.warnings] });
    else expect(old).toEqual(gated);
    expect(parseServerConfig([`--${name}=${text}`, `--feature-gates=${flag.gate}=${text}`], {})).toMatchObject({
      kind: 'error', exitCode: 1, message: expect.stringContaining('cannot specify both flags') as string,
    });
  });
});
