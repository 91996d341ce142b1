import { AlarmType, type ErrorCode } from '@quorate/api';
import type { AlarmTable } from './alarm-table';
import type { CommandBody } from './command';
import { quotaCostBytes } from './quota-cost';

/** What a gate may look at: replicated facts only, so that every member decides alike. Never a size, a clock or a role. */
export interface GateFacts {
  readonly alarms: AlarmTable;
}

interface Gate {
  readonly error: ErrorCode;
  closed(facts: GateFacts): boolean;
  holdsBack(command: CommandBody): boolean;
}

/** What touches keys or leases; alarms, membership and versions go on, for without them there is no way out. */
const DATA_COMMANDS: ReadonlySet<CommandBody['type']> = new Set<CommandBody['type']>([
  'put', 'deleteRange', 'txn', 'compact', 'leaseGrant', 'leaseRevoke', 'leaseExpire',
]);

/** In the order in which they are asked; the first that refuses gives the error. All of them stand open while no alarm is active. */
const GATES: readonly Gate[] = [
  { error: 'corrupt', closed: ({ alarms }) => alarms.isActive(AlarmType.CORRUPT), holdsBack: (command) => DATA_COMMANDS.has(command.type) },
  { error: 'no_space', closed: ({ alarms }) => alarms.isActive(AlarmType.NOSPACE), holdsBack: (command) => quotaCostBytes(command) > 0 },
];

/** Why a command is not carried out, or `undefined`. */
export function refusalOf(command: CommandBody, facts: GateFacts): ErrorCode | undefined {
  if (facts.alarms.isQuiet) return undefined;
  for (const gate of GATES) if (gate.closed(facts) && gate.holdsBack(command)) return gate.error;
  return undefined;
}
