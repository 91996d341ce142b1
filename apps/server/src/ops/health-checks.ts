import { AlarmType } from '@quorate/api';
import type { Replica } from '@quorate/core';

/** The body of `/health`; strings, as etcd has them. */
export interface HealthAnswer {
  readonly health: 'true' | 'false';
  readonly reason: string;
}

/** One of the checks behind `/livez` and `/readyz`: resolves to what is wrong, or to nothing. */
export interface HealthCheck {
  readonly name: string;
  run(): Promise<string | undefined>;
}

const ALARM_NAMES: Readonly<Record<number, string>> = { [AlarmType.NOSPACE]: 'NOSPACE', [AlarmType.CORRUPT]: 'CORRUPT' };

/**
 * `/health`: no alarm that the caller cares about, a leader, and a read that succeeds.
 * @param excludedAlarms names of alarms that do not count
 * @param serializable asks for the health of this member alone, without a leader
 */
export async function healthOf(replica: Replica, excludedAlarms: ReadonlySet<string>, serializable: boolean): Promise<HealthAnswer> {
  for (const { alarm } of replica.alarms()) {
    const name = ALARM_NAMES[alarm] ?? 'UNKNOWN';
    if (!excludedAlarms.has(name)) return { health: 'false', reason: `ALARM ${name}` };
  }
  if (!serializable && replica.leader === 0n) return { health: 'false', reason: 'RAFT NO LEADER' };
  const fault = await readFault(replica, serializable);
  return fault === undefined ? { health: 'true', reason: '' } : { health: 'false', reason: `RANGE ERROR:${fault}` };
}

export function livenessChecks(replica: Replica): readonly HealthCheck[] {
  return [{ name: 'serializable_read', run: () => readFault(replica, true) }];
}

export function readinessChecks(replica: Replica): readonly HealthCheck[] {
  return [
    {
      name: 'data_corruption',
      run: async () => (replica.alarms().some(({ alarm }) => alarm === AlarmType.CORRUPT) ? 'alarm activated: CORRUPT' : undefined),
    },
    { name: 'serializable_read', run: () => readFault(replica, true) },
    { name: 'linearizable_read', run: () => readFault(replica, false) },
    {
      name: 'non_learner',
      run: async () => (replica.raftStatus().confState.learners.includes(replica.readings().memberId) ? 'not supported for learner' : undefined),
    },
  ];
}

/** Reads one key, whichever. */
async function readFault(replica: Replica, serializable: boolean): Promise<string | undefined> {
  try {
    await replica.kv.range({ key: '\0', rangeEnd: '\0', keysOnly: true, limit: 1, serializable });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
