import { integerRanges, parseGoBoolean, parseGoDuration, parseGoInteger, ValueError } from './go-values';
import { type ListenUrl } from './server-config';
import { parseUrls } from './urls';

/** How the text of a flag is read. `ignored` takes any text and means nothing, in etcd too. */
export type FlagKind = keyof FlagValues | 'ignored';

interface FlagValues {
  readonly string: string;
  readonly boolean: boolean;
  readonly int: number;
  readonly uint: number;
  readonly uint32: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly urls: readonly ListenUrl[];
  readonly strings: readonly string[];
  /** Origins: URLs, or `*`. */
  readonly origins: readonly string[];
  readonly choice: string;
}

export type FlagValue = FlagValues[keyof FlagValues];

/**
 * What a value other than the default does.
 * - `used`: it is obeyed.
 * - `moot`: what it asks for is always so, or cannot matter here; nothing is said.
 * - `warned`: it is accepted, has no effect in this version, and a warning says so. Only for what risks nothing.
 * - `refused`: it asks for something that this version cannot do: the server does not start.
 */
export type FlagEffect =
  | { readonly kind: 'used' }
  | { readonly kind: 'moot' }
  | { readonly kind: 'warned'; readonly because: string }
  | { readonly kind: 'refused'; readonly because: string };

/** One row of the flag table. */
export interface Flag {
  readonly name: string;
  readonly section: FlagSection;
  readonly kind: FlagKind;
  /** As it is written on the command line; may mention `${name}`. */
  readonly defaultText: string;
  readonly help: string;
  readonly effect: FlagEffect;
  /** Of the kind `choice`. */
  readonly choices?: readonly string[];
  /** The stable flag that a flag named `experimental-…` sets. */
  readonly twinOf?: string;
  /** The feature gate that a flag named `experimental-…` sets. */
  readonly gate?: string;
  /** Where a configuration file says it: `[group, key]` for the groups, null where it cannot. Default: a key with the flag's name. */
  readonly fileKey?: readonly [group: string, key: string] | null;
}

export const flagSections = [
  'Member', 'Clustering', 'Security', 'Auth', 'Profiling and monitoring', 'Logging', 'Tuning', 'Experimental (twins of stable flags)',
  'Unsafe', 'Legacy',
] as const;

export type FlagSection = (typeof flagSections)[number];

/** The name of the environment variable that stands for a flag. */
export function environmentName(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll('-', '_')}`;
}

/** @throws ValueError */
export function parseFlagText(flag: Flag, text: string): FlagValue {
  switch (flag.kind) {
    case 'string':
    case 'ignored':
      return text;
    case 'boolean':
      return parseGoBoolean(text);
    case 'int':
    case 'uint':
      return parseGoInteger(text, integerRanges[flag.kind]);
    case 'uint32':
      return parseUint32(text);
    case 'duration':
      return parseGoDuration(text);
    case 'urls':
      return text === '' ? [] : parseUrls(text);
    case 'strings':
      return text === '' ? [] : [...new Set(text.split(','))];
    case 'origins':
      return text === '*' || text === '' ? ['*'] : parseUrls(text).map(({ href }) => href);
    case 'choice':
      if (!flag.choices?.includes(text)) throw new ValueError('invalid value');
      return text;
  }
}

/** etcd reads these by `strconv` itself, whose errors say more. */
function parseUint32(text: string): number {
  try {
    return parseGoInteger(text, integerRanges.uint32);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const fault = error.message === 'parse error' ? 'invalid syntax' : error.message;
    throw new ValueError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: ${fault}`);
  }
}
