import { parsePs, parseResidentBytes, parseStatTicks, processUsage } from './process-accounting';

describe('process accounting', () => {
  it('finds the times behind a command with spaces and parentheses', () => {
    expect(parseStatTicks('12 (a) b (c)) S 1 12 12 0 -1 4194560 1 2 3 4 150 25 9 9 20 0 8 0 1000 1 1')).toBe(175);
  });

  it('finds the resident memory', () => {
    expect(parseResidentBytes('Name:\tnode\nVmHWM:\t  99 kB\nVmRSS:\t  64 kB\n')).toBe(65_536);
  });

  it.each([
    ['  0:01.50   2048', 1.5],
    ['12:03.25 2048\n', 723.25],
    ['01:02:03 2048', 3723],
    ['2-01:00:00 2048', 176_400],
  ])('reads what ps says: %s', (line, cpuSeconds) => {
    expect(parsePs(line)).toEqual({ cpuSeconds, residentBytes: 2_097_152 });
  });

  it('agrees with what Node says of this process', () => {
    const usage = processUsage(process.pid);
    const { user, system } = process.cpuUsage();
    expect(Math.abs((usage?.cpuSeconds ?? 0) - (user + system) / 1e6)).toBeLessThan(1.1);
    expect(usage?.residentBytes).toBeGreaterThan(process.memoryUsage().heapUsed / 2);
  });

  it('is null for no process', () => {
    expect(processUsage(2 ** 30)).toBeNull();
  });
});
