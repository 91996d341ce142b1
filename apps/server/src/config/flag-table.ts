import { type Flag } from './flag';
import { clusteringFlags, memberFlags } from './flags-of-member';
import { experimentalFlags, ignoredFlags, legacyFlags } from './flags-of-old';
import { authFlags, operationFlags, securityFlags } from './flags-of-operation';

/** Every flag of `quorate serve`, in the order of the help text within each section. */
export const flagTable: readonly Flag[] = [
  ...memberFlags, ...clusteringFlags, ...securityFlags, ...authFlags, ...operationFlags, ...experimentalFlags, ...legacyFlags, ...ignoredFlags,
];

export const flagsByName: ReadonlyMap<string, Flag> = new Map(flagTable.map((flag) => [flag.name, flag]));
