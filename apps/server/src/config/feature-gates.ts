import { ConfigError } from './config-error';
import { type FlagEffect } from './flag';
import { parseGoBoolean, ValueError } from './go-values';

const moot = { kind: 'moot' } as const;
const warned = (because: string): FlagEffect => ({ kind: 'warned', because });
const noPeers = warned('a cluster of one member has no peers to compare with');

interface FeatureGate {
  readonly name: string;
  readonly default: boolean;
  readonly effect: FlagEffect;
}

/** The gates of etcd 3.6 and 3.7. */
export const featureGates: readonly FeatureGate[] = [
  { name: 'CompactHashCheck', default: false, effect: noPeers },
  { name: 'InitialCorruptCheck', default: false, effect: noPeers },
  { name: 'LeaseCheckpoint', default: false, effect: moot },
  { name: 'LeaseCheckpointPersist', default: false, effect: moot },
  { name: 'StopGRPCServiceOnDefrag', default: false, effect: warned('requests are served during a defragmentation') },
  { name: 'SetMemberLocalAddr', default: false, effect: warned('a cluster of one member has no peers') },
  { name: 'PriorityRequest', default: false, effect: warned('requests are served in their order') },
  { name: 'TxnModeWriteWithSharedBuffer', default: true, effect: moot },
  { name: 'FastLeaseKeepAlive', default: true, effect: moot },
];

const gatesByName = new Map(featureGates.map((gate) => [gate.name, gate]));

/** `Name=true,Name=false`. @throws ConfigError in the words of etcd's gates */
export function parseFeatureGates(text: string): ReadonlyMap<string, boolean> {
  const values = new Map<string, boolean>();
  for (const part of text.split(',').map((each) => each.trim()).filter((each) => each !== '')) {
    const [name = '', value] = part.split('=', 2).map((each) => each.trim());
    if (value === undefined) throw new ConfigError(`missing bool value for ${name}`, 2);
    if (name === 'AllAlpha' || name === 'AllBeta') continue;
    if (!gatesByName.has(name)) throw new ConfigError(`unrecognized feature gate: ${name}`, 2);
    try {
      values.set(name, parseGoBoolean(value));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new ConfigError(`invalid value of ${name}=${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`, 2);
    }
  }
  return values;
}

/** What there is to say about gates that differ from their default. @throws ConfigError where one needs another */
export function featureGateWarnings(values: ReadonlyMap<string, boolean>): readonly string[] {
  if (values.get('LeaseCheckpointPersist') === true && values.get('LeaseCheckpoint') !== true) {
    throw new ConfigError('enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint');
  }
  return featureGates.flatMap(({ name, default: usual, effect }) => {
    const differs = (values.get(name) ?? usual) !== usual;
    return differs && effect.kind === 'warned' ? [`--feature-gates=${name}=${values.get(name)} has no effect: ${effect.because}`] : [];
  });
}
