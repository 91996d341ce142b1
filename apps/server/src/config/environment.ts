import { setFromText } from './command-line';
import { ConfigError } from './config-error';
import { environmentName } from './flag';
import { flagTable } from './flag-table';
import { type Settings } from './settings';

/** Never a flag, though they look like one. */
const specialVariables = new Set(['ETCD_VERSION', 'ETCD_UNSUPPORTED_ARCH', environmentName('config-file')]);

/**
 * Adds what `ETCD_…` variables say to what flags said.
 * @returns warnings
 * @throws ConfigError when a variable cannot be read, or says something that a flag says too
 */
export function readEnvironment(environment: NodeJS.ProcessEnv, settings: Settings): readonly string[] {
  const known = new Set(specialVariables);
  const shadowed = new Set<string>();
  for (const flag of flagTable) {
    const variable = environmentName(flag.name);
    if (specialVariables.has(variable)) continue;
    known.add(variable);
    if (settings.isSet(flag.name)) {
      shadowed.add(variable);
      continue;
    }
    const text = environment[variable] ?? '';
    if (text !== '') setFromText(settings, flag, text, variable, (message) => new ConfigError(message));
  }
  const warnings: string[] = [];
  for (const variable of Object.keys(environment).sort()) {
    if (shadowed.has(variable)) {
      throw new ConfigError(
        `conflicting environment variable "${variable}" is shadowed by corresponding command-line flag `
        + '(either unset environment variable or disable flag)',
      );
    }
    if (variable === 'ETCD_VERSION') warnings.push(`cannot set special environment variable ${variable}`);
    else if (variable.startsWith('ETCD_') && !known.has(variable)) warnings.push(`unrecognized environment variable ${variable}`);
  }
  return warnings;
}
