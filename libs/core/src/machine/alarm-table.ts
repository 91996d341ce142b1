import { type AlarmMember, AlarmType } from '@quorate/api';

/** The alarms in force, one per member and type. Replicated. */
export class AlarmTable {
  /** Members by type of alarm. */
  private readonly membersByAlarm = new Map<number, Set<bigint>>();
  private changed: AlarmMember[] = [];

  static restore(alarms: Iterable<AlarmMember>): AlarmTable {
    const table = new AlarmTable();
    for (const { memberId, alarm } of alarms) table.activate(memberId, alarm);
    table.takeChanged();
    return table;
  }

  /** No alarm is active. */
  get isQuiet(): boolean {
    return this.membersByAlarm.size === 0;
  }

  /** Whether any member raised this alarm. */
  isActive(alarm: number): boolean {
    return this.membersByAlarm.has(alarm);
  }

  /** Alarms of one type, or all for `NONE`; by type, then member. */
  list(alarm: number = AlarmType.NONE): AlarmMember[] {
    const alarms = alarm === AlarmType.NONE ? [...this.membersByAlarm.keys()].sort((a, b) => a - b) : [alarm];
    return alarms.flatMap((type) => {
      const members = [...(this.membersByAlarm.get(type) ?? [])].sort((a, b) => (a < b ? -1 : 1));
      return members.map((memberId) => ({ memberId, alarm: type }));
    });
  }

  has({ memberId, alarm }: AlarmMember): boolean {
    return this.membersByAlarm.get(alarm)?.has(memberId) ?? false;
  }

  /** False: it was active already. */
  activate(memberId: bigint, alarm: number): boolean {
    const members = this.membersByAlarm.get(alarm) ?? new Set();
    if (members.has(memberId)) return false;
    this.membersByAlarm.set(alarm, members.add(memberId));
    this.changed.push({ memberId, alarm });
    return true;
  }

  /** False: it was not active. */
  deactivate(memberId: bigint, alarm: number): boolean {
    const members = this.membersByAlarm.get(alarm);
    if (members === undefined || !members.delete(memberId)) return false;
    if (members.size === 0) this.membersByAlarm.delete(alarm);
    this.changed.push({ memberId, alarm });
    return true;
  }

  /** Alarms activated or deactivated since the last call; one may come twice. */
  takeChanged(): AlarmMember[] {
    const { changed } = this;
    this.changed = [];
    return changed;
  }
}
