import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The unit of /proc/<pid>/stat where `getconf` cannot be asked; 100 on every common Linux. */
const DEFAULT_TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  /** User and system time of all threads since the process started, ended threads included. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

let ticksPerSecond = 0;

/** What process `pid` has used, from /proc or, where there is none, from `ps`; null if it cannot be told. */
export function processUsage(pid: number): ProcessUsage | null {
  try {
    if (existsSync('/proc/self/stat')) {
      return {
        cpuSeconds: parseStatTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) / clockTicksPerSecond(),
        residentBytes: parseResidentBytes(readFileSync(`/proc/${pid}/status`, 'latin1')),
      };
    }
    return parsePs(execFileSync('ps', ['-o', 'time=,rss=', '-p', String(pid)], { encoding: 'latin1' }));
  } catch {
    return null;
  }
}

/** utime + stime, fields 14 and 15; the command in field 2 may hold spaces and parentheses. */
export function parseStatTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** VmRSS of /proc/<pid>/status. */
export function parseResidentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** One line of `ps -o time=,rss=`: [[days-]hours:]minutes:seconds[.fraction] and KiB. */
export function parsePs(line: string): ProcessUsage {
  const match = /^\s*(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)\s*$/.exec(line);
  if (match === null) throw new Error(`ps said: ${line}`);
  const [days, hours, minutes, seconds, kibibytes] = match.slice(1).map((part) => Number(part ?? 0));
  return { cpuSeconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds, residentBytes: kibibytes * 1024 };
}

function clockTicksPerSecond(): number {
  if (ticksPerSecond === 0) {
    try {
      ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' })) || DEFAULT_TICKS_PER_SECOND;
    } catch {
      ticksPerSecond = DEFAULT_TICKS_PER_SECOND;
    }
  }
  return ticksPerSecond;
}
