/** One system call of a trace, with the places in the trace where it began and returned. */
interface SystemCall {
  readonly name: string;
  readonly text: string;
  readonly began: number;
  readonly returned: number;
}

/** Reads the output of `strace -f -yy`: a call that others interrupted stands in two lines. */
export function systemCallsOf(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { name: string; text: string; began: number }>();
  trace.split('\n').forEach((line, at) => {
    const whole = /^(\d+)\s+(\w+)\((.*)$/.exec(line);
    const resumed = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$/.exec(line);
    if (whole) {
      const [, thread, name, text] = whole as unknown as [string, string, string, string];
      if (text.endsWith('<unfinished ...>')) unfinished.set(thread, { name, text, began: at });
      else calls.push({ name, text, began: at, returned: at });
    } else if (resumed) {
      const [, thread, , rest] = resumed as unknown as [string, string, string, string];
      const start = unfinished.get(thread);
      unfinished.delete(thread);
      if (start) calls.push({ ...start, text: start.text + rest, returned: at });
    }
  });
  return calls.sort((a, b) => a.began - b.began);
}

/**
 * Whether a write was durable before its answer left: a sync of the log began after the write to the log returned, and
 * returned before the write to the socket began. @returns what is wrong, if anything is
 */
export function faultOfAnswer(calls: readonly SystemCall[], written: string, answered: string): string | undefined {
  const onLog = ({ text }: SystemCall): boolean => /^\d+<[^>]*\.wal>/.test(text);
  const write = calls.find((call) => call.name === 'pwrite64' && onLog(call) && call.text.includes(written));
  if (!write) return `${written} was not written to the log`;
  const answer = calls.find((call) => call.began > write.began && /^\d+<TCP/.test(call.text) && call.text.includes(answered));
  if (!answer) return `no answer with ${answered} was sent`;
  const synced = calls.some((call) => (
    call.name === 'fdatasync' && onLog(call) && call.began > write.returned && call.returned < answer.began && /\)\s+= 0/.test(call.text)
  ));
  return synced ? undefined : `the answer with ${answered} left before the log was synced`;
}
