import { ConfigError } from './config-error';
import { type Flag, parseFlagText } from './flag';
import { flagsByName } from './flag-table';
import { ValueError } from './go-values';
import { type Settings } from './settings';

/** Shown below what is wrong with a flag. */
export const usageHint = [
  'Usage:',
  '',
  '  quorate serve [flags]',
  '    Start a member.',
  '',
  '  quorate serve --version',
  '    Show the version.',
  '',
  '  quorate serve -h | --help',
  '    Show all flags.',
  '',
  '  quorate serve --config-file <path>',
  '    Take everything from a file; other flags and the environment are then ignored.',
].join('\n');

/**
 * Reads flags in the syntax of Go's flag package: `-flag value`, `--flag=value`, booleans by `=` alone; the last of
 * several wins, the first word without a dash ends the flags.
 * @returns whether help was asked for
 * @throws ConfigError 2 for a flag that is unknown or cannot be read, 1 for a word that is no flag
 */
export function readCommandLine(args: readonly string[], settings: Settings): 'help' | 'run' {
  let at = 0;
  while (at < args.length) {
    const arg = args[at++] ?? '';
    if (arg === '--') break;
    if (arg.length < 2 || !arg.startsWith('-')) {
      at--;
      break;
    }
    const [name, inline] = splitFlag(arg);
    const flag = flagsByName.get(name);
    if (flag === undefined) {
      if (name === 'help' || name === 'h') return 'help';
      throw usageError(`flag provided but not defined: -${name}`);
    }
    const text = inline ?? (flag.kind === 'boolean' || flag.kind === 'ignored' ? 'true' : args[at++]);
    if (text === undefined) throw usageError(`flag needs an argument: -${name}`);
    setFromText(settings, flag, text, `-${name}`, usageError);
  }
  const stray = args[at];
  if (stray !== undefined) throw new ConfigError(strayWord(stray));
  return 'run';
}

/** @throws what `fail` makes of a value that cannot be read; `label` is how the user called the flag */
export function setFromText(settings: Settings, flag: Flag, text: string, label: string, fail: (message: string) => ConfigError): void {
  try {
    settings.set(flag, parseFlagText(flag, text));
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const invalid = flag.kind === 'boolean' && label.startsWith('-')
      ? `invalid boolean value ${JSON.stringify(text)} for ${label}`
      : `invalid value ${JSON.stringify(text)} for ${label.startsWith('-') ? `flag ${label}` : label}`;
    throw fail(`${invalid}: ${error.message}`);
  }
}

function splitFlag(arg: string): readonly [name: string, value: string | undefined] {
  const body = arg.replace(/^--?/, '');
  if (body === '' || body.startsWith('-') || body.startsWith('=')) throw usageError(`bad flag syntax: ${arg}`);
  const equals = body.indexOf('=');
  return equals < 0 ? [body, undefined] : [body.slice(0, equals), body.slice(equals + 1)];
}

function strayWord(word: string): string {
  if (word === 'gateway' || word === 'grpc-proxy') return `'${word}' is not supported: a member is all that runs`;
  return `'${word}' is not a valid flag`;
}

function usageError(message: string): ConfigError {
  return new ConfigError(`${message}\n${usageHint}`, 2);
}
