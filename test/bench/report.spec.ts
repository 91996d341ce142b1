import type { CellResult } from './cell';
import { hasTrouble, renderTables } from './report';
import type { Measurement } from './runner';

function measurement(server: string, repetition: number, result: Partial<CellResult>): Measurement {
  return {
    workload: 'put',
    shape: { connections: 10, inFlight: 100 },
    repetition,
    server,
    result: {
      operations: 1000,
      elapsedSeconds: 2,
      p50Ms: 1,
      p99Ms: 2,
      maxMs: 3,
      serverCpuSeconds: 0.01,
      clientCpuSeconds: 0.001,
      serverResidentBytes: 64 * 2 ** 20,
      errors: {},
      faults: [],
      ...result,
    },
  };
}

const rowsOf = (measurements: Measurement[]): string[][] =>
  renderTables(measurements)
    .split('\n')
    .filter((line) => line.startsWith('| 100'))
    .map((line) =>
      line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim()),
    );

describe('tables', () => {
  it('give medians with their spread, and the median of the ratios within each repetition', () => {
    const [etcd, quorate, ratio] = rowsOf([
      measurement('etcd', 1, { operations: 1000 }),
      measurement('quorate', 1, { operations: 4000 }),
      measurement('etcd', 2, { operations: 2000 }),
      measurement('quorate', 2, { operations: 6000 }),
      measurement('etcd', 3, { operations: 4000 }),
      measurement('quorate', 3, { operations: 8000 }),
    ]);
    expect(etcd.slice(0, 2)).toEqual(['etcd', '1,000 (500–2,000)']);
    expect(quorate.slice(0, 2)).toEqual(['quorate', '3,000 (2,000–4,000)']);
    expect(ratio.slice(0, 3)).toEqual(['**quorate ÷ etcd**', '3.00× (2.00×–4.00×)', '1.00× (1.00×–1.00×)']);
  });

  it('charge CPU to operations, in microseconds', () => {
    expect(rowsOf([measurement('etcd', 1, {})])).toEqual([
      ['etcd', '500', '1.00', '2.00', '3.00', '10.0', '1.00', '64', '0'],
    ]);
  });

  it('have no ratio without a partner, and no figure where there is none', () => {
    expect(
      rowsOf([measurement('etcd', 1, { operations: 0, serverCpuSeconds: null, serverResidentBytes: null })]),
    ).toEqual([['etcd', '0', '–', '–', '–', '–', '–', '–', '0']]);
  });

  it('show errors and faults', () => {
    const troubled = [
      measurement('etcd', 1, { errors: { INTERNAL: 3, RST_STREAM: 2 }, faults: ['connection lost: reset'] }),
    ];
    expect(rowsOf(troubled)[0].at(-1)).toBe('5 (faulty)');
    expect(renderTables(troubled)).toContain('100 (10), etcd, repetition 1: 3 × INTERNAL');
    expect(renderTables(troubled)).toContain('connection lost: reset');
    expect(hasTrouble(troubled)).toBe(true);
    expect(hasTrouble([measurement('etcd', 1, {})])).toBe(false);
  });
});
