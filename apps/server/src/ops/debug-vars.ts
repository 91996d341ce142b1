import type { Replica } from '@quorate/core';
import { Role } from '@quorate/core';
import { fileDescriptors } from './file-descriptors';

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  [Role.Follower]: 'StateFollower', [Role.PreCandidate]: 'StatePreCandidate', [Role.Candidate]: 'StateCandidate', [Role.Leader]: 'StateLeader',
};

/** By the number of the state. */
const PROGRESS_NAMES = ['StateProbe', 'StateReplicate', 'StateSnapshot'] as const;

/** `/debug/vars`, in the form of Go's expvar: one variable per line. */
export function debugVarsText(replica: Replica): string {
  const variables: Record<string, unknown> = {
    cmdline: process.argv,
    file_descriptor_limit: fileDescriptors()?.limit ?? 0,
    memstats: memoryVariables(),
    'raft.status': raftVariables(replica),
  };
  return `{\n${Object.entries(variables).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')}\n}\n`;
}

/** The memory of this process by the names that Go's readers know, in bytes. */
function memoryVariables(): Record<string, number> {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { Alloc: heapUsed, Sys: rss, HeapAlloc: heapUsed, HeapSys: heapTotal, External: external, ArrayBuffers: arrayBuffers };
}

function raftVariables(replica: Replica): Record<string, unknown> {
  const { id, term, vote, committed, leader, role, applied, progress, transferee } = replica.raftStatus();
  const hex = (member: bigint): string => member.toString(16);
  return {
    id: hex(id), term, vote: hex(vote), commit: committed, lead: hex(leader), raftState: ROLE_NAMES[role], applied,
    progress: Object.fromEntries(progress.map((one) => [hex(one.id), { match: one.match, next: one.next, state: PROGRESS_NAMES[one.state] }])),
    leadtransferee: hex(transferee),
  };
}
