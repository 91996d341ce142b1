import { readCommandLine } from './command-line';
import { ConfigError } from './config-error';
import { readConfigFile } from './config-file';
import { readEnvironment } from './environment';
import { checkEffects, resolveTwins } from './flag-effects';
import { helpText } from './help-text';
import { type ServerConfig } from './server-config';
import { serverConfigFrom } from './server-config-from';
import { Settings } from './settings';

/** What the arguments of `quorate serve` ask for. */
export type ParsedCommandLine =
  | { readonly kind: 'run'; readonly config: ServerConfig; readonly warnings: readonly string[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly text: string }
  /** `message` is one line, with the usage below it where `exitCode` is 2. */
  | { readonly kind: 'error'; readonly exitCode: 1 | 2; readonly message: string };

/**
 * Reads flags, `ETCD_…` variables and the configuration file by etcd's rules. Reads no file but that one; whether a new
 * cluster may begin like this is asked of `bootstrapFault`, once it is known that there is no data.
 */
export function parseServerConfig(args: readonly string[], environment: NodeJS.ProcessEnv): ParsedCommandLine {
  try {
    return parse(args, environment);
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'error', exitCode: error.exitCode, message: error.message };
    throw error;
  }
}

function parse(args: readonly string[], environment: NodeJS.ProcessEnv): ParsedCommandLine {
  const given = new Settings();
  if (readCommandLine(args, given) === 'help') return { kind: 'help', text: helpText() };
  if (given.boolean('version')) return { kind: 'version' };
  const file = given.string('config-file') || (environment['ETCD_CONFIG_FILE'] ?? '');
  const settings = file === '' ? given : readConfigFile(file);
  const warnings = file === '' ? [...readEnvironment(environment, settings)] : [];
  warnings.push(...resolveTwins(settings), ...checkEffects(settings));
  const config = serverConfigFrom(settings, warnings, file === '' ? 'flags' : 'file');
  return { kind: 'run', config, warnings };
}
