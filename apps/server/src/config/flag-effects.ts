import { ConfigError } from './config-error';
import { featureGateWarnings, parseFeatureGates } from './feature-gates';
import { flagsByName } from './flag-table';
import { type Settings } from './settings';

/** Moves what deprecated names say to the names that count. @returns warnings */
export function resolveTwins(settings: Settings): readonly string[] {
  const warnings: string[] = [];
  for (const flag of settings.givenFlags()) {
    const twin = flag.twinOf === undefined ? undefined : flagsByName.get(flag.twinOf);
    if (twin === undefined) continue;
    warnings.push(`--${flag.name} is deprecated. Use '--${twin.name}' instead.`);
    settings.set(twin, settings.value(flag.name));
  }
  return warnings;
}

/**
 * What the values of flags ask for that this version does not do.
 * @returns warnings about what has no effect
 * @throws ConfigError about what must not be passed over
 */
export function checkEffects(settings: Settings): readonly string[] {
  const warnings: string[] = [];
  for (const { name, kind, effect } of settings.changed()) {
    if (kind === 'ignored') warnings.push(`flag "-${name}" is no longer supported - ignoring.`);
    else if (effect.kind === 'refused') throw new ConfigError(`--${name}: ${effect.because}`);
    else if (effect.kind === 'warned') warnings.push(`--${name} has no effect: ${effect.because}`);
  }
  return [...warnings, ...checkGates(settings)];
}

function checkGates(settings: Settings): readonly string[] {
  const gates = new Map(parseFeatureGates(settings.string('feature-gates')));
  const deprecated: string[] = [];
  for (const flag of settings.givenFlags()) {
    if (flag.gate === undefined) continue;
    if (gates.has(flag.gate)) {
      throw new ConfigError(`cannot specify both flags: --${flag.name}=${settings.boolean(flag.name)} and --feature-gates=${settings.string('feature-gates')} at the same time, please just use --feature-gates=${settings.string('feature-gates')}`);
    }
    gates.set(flag.gate, settings.boolean(flag.name));
    deprecated.push(`--${flag.name} is deprecated. Use '--feature-gates=${flag.gate}=${settings.boolean(flag.name)}' instead.`);
  }
  return [...deprecated, ...featureGateWarnings(gates)];
}
