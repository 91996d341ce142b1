import type { CellResult, Shape, WorkloadName } from './cell';
import type { MachineFacts } from './machine';
import type { Options } from './options';
import type { Measurement } from './runner';
import { QUOTA_BACKEND_BYTES } from './servers';

/** The server that ratios are taken of, and the one they are taken to. */
const SUBJECT = 'quorate';
const REFERENCE = 'etcd';

const TITLES: Record<WorkloadName, string> = {
  put: 'Put (8-byte key out of 100,000, 256-byte value)',
  range: 'Linearizable range of one existing key',
  srange: 'Serializable range of one existing key',
  txn: 'Transaction (one comparison that holds, one put)',
  keepalive: 'Lease keep-alive (one stream and one lease per call in flight)',
  watch: 'Watch fan-out (one key, one putter; "in flight" is watchers, "per s" is events delivered)',
};

const CAVEATS = [
  'Server, generator and runner share the machine, so throughput is a joint figure; server CPU per operation is the one to trust.',
  'The CPU of a server is read in ticks of usually 10 ms: cells with little work are rough. It covers all its threads within the measured seconds; work put off until later is not in it.',
  'Each measurement has a fresh server on an empty directory; histories of hours are not measured here.',
  'The generator sends no deadlines and opens 16 MiB receive windows; it is closed loop, so a slow answer also means fewer requests.',
  'Median over repetitions, with the smallest and largest in parentheses. A ratio is taken within each repetition first.',
];

interface Metric {
  readonly title: string;
  readonly value: (result: CellResult) => number | null;
  readonly format: (value: number) => string;
}

const perOperation = (seconds: number | null, result: CellResult): number | null =>
  seconds === null || result.operations === 0 ? null : (seconds * 1e6) / result.operations;

const METRICS: readonly Metric[] = [
  {
    title: 'per s',
    value: (r) => (r.elapsedSeconds > 0 ? r.operations / r.elapsedSeconds : null),
    format: (v) => Math.round(v).toLocaleString('en-US'),
  },
  { title: 'p50 ms', value: (r) => (r.operations > 0 ? r.p50Ms : null), format: threeDigits },
  { title: 'p99 ms', value: (r) => (r.operations > 0 ? r.p99Ms : null), format: threeDigits },
  { title: 'max ms', value: (r) => (r.operations > 0 ? r.maxMs : null), format: threeDigits },
  { title: 'server CPU µs/op', value: (r) => perOperation(r.serverCpuSeconds, r), format: threeDigits },
  { title: 'client CPU µs/op', value: (r) => perOperation(r.clientCpuSeconds, r), format: threeDigits },
  {
    title: 'RSS MiB',
    value: (r) => (r.serverResidentBytes === null ? null : r.serverResidentBytes / 2 ** 20),
    format: (v) => v.toFixed(0),
  },
];

/** True if any measurement had an error or a fault. */
export function hasTrouble(measurements: readonly Measurement[]): boolean {
  return measurements.some(({ result }) => result.faults.length > 0 || Object.keys(result.errors).length > 0);
}

/** The tables alone, for the terminal and the report. */
export function renderTables(measurements: readonly Measurement[]): string {
  const workloads = [...new Set(measurements.map(({ workload }) => workload))];
  return workloads
    .map((workload) =>
      renderWorkload(
        workload,
        measurements.filter((m) => m.workload === workload),
      ),
    )
    .join('\n');
}

/** The whole report in Markdown. */
export function renderReport(
  measurements: readonly Measurement[],
  run: { options: Options; facts: MachineFacts; loadAfter: number; commandLine: string; notes: readonly string[] },
): string {
  const { options, facts } = run;
  return [
    '# Benchmark report',
    '',
    `\`${run.commandLine}\``,
    '',
    `- ${facts.cores} cores (${facts.processor}), ${(facts.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${facts.system}, Node.js ${facts.node}`,
    `- Data on ${facts.fileSystem}; appending 4 KiB and \`fdatasync\` take ${facts.syncP50Ms.toFixed(3)} ms (median)`,
    `- Load average ${facts.loadBefore.toFixed(2)} before, ${run.loadAfter.toFixed(2)} after`,
    ...facts.versions.map((version) => `- ${version}`),
    `- ${options.repetitions} repetition(s), ${options.warmupSeconds} s of warm-up and ${options.seconds} s measured each`,
    ...(options.endpoint === null
      ? [
          `- One member each, sync on, default settings but for a quota of ${QUOTA_BACKEND_BYTES / 2 ** 30} GiB and log level \`error\` on both; automatic compaction off on both`,
        ]
      : ['- A server that was already running, with settings unknown to this report']),
    ...run.notes.map((note) => `- ${note}`),
    '',
    renderTables(measurements),
    '## How far to trust this',
    '',
    ...CAVEATS.map((caveat) => `- ${caveat}`),
    '',
  ].join('\n');
}

function renderWorkload(workload: WorkloadName, measurements: readonly Measurement[]): string {
  const lines = [
    `## ${TITLES[workload]}`,
    '',
    `| in flight (connections) | server | ${METRICS.map(({ title }) => title).join(' | ')} | errors |`,
    `|---|---|${METRICS.map(() => '---:').join('|')}|---:|`,
  ];
  const troubles: string[] = [];
  for (const shape of distinctShapes(measurements)) {
    const ofShape = measurements.filter(
      (m) => m.shape.connections === shape.connections && m.shape.inFlight === shape.inFlight,
    );
    const label = `${shape.inFlight} (${shape.connections})`;
    for (const server of new Set(ofShape.map((m) => m.server))) {
      const ofServer = ofShape.filter((m) => m.server === server);
      lines.push(
        `| ${label} | ${server} | ${METRICS.map((metric) => metricCell(metric, ofServer)).join(' | ')} | ${errorCell(ofServer)} |`,
      );
      troubles.push(...ofServer.flatMap((m) => describeTroubles(label, m)));
    }
    const ratios = METRICS.map((metric) => ratioCell(metric, ofShape));
    if (ratios.some((ratio) => ratio !== '–'))
      lines.push(`| ${label} | **${SUBJECT} ÷ ${REFERENCE}** | ${ratios.join(' | ')} | |`);
  }
  if (troubles.length > 0) lines.push('', ...troubles.map((trouble) => `- **${trouble}**`));
  return [...lines, ''].join('\n');
}

function distinctShapes(measurements: readonly Measurement[]): Shape[] {
  return [...new Map(measurements.map(({ shape }) => [`${shape.connections}/${shape.inFlight}`, shape])).values()];
}

function metricCell(metric: Metric, measurements: readonly Measurement[]): string {
  const values = measurements.flatMap(({ result }) => metric.value(result) ?? []);
  return withSpread(values, metric.format);
}

/** Ratio of subject to reference within each repetition that both have. */
function ratioCell(metric: Metric, measurements: readonly Measurement[]): string {
  const ratios = measurements.flatMap((subject) => {
    if (subject.server !== SUBJECT) return [];
    const reference = measurements.find((m) => m.server === REFERENCE && m.repetition === subject.repetition);
    if (reference === undefined) return [];
    const above = metric.value(subject.result);
    const below = metric.value(reference.result);
    return above === null || below === null || below === 0 ? [] : [above / below];
  });
  return withSpread(ratios, (ratio) => `${ratio.toFixed(2)}×`);
}

/** Median (smallest–largest); the spread is left out where there is one value only. */
function withSpread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return '–';
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return sorted.length === 1
    ? format(median)
    : `${format(median)} (${format(sorted[0])}–${format(sorted[sorted.length - 1])})`;
}

function errorCell(measurements: readonly Measurement[]): string {
  const errors = measurements.reduce(
    (sum, { result }) => sum + Object.values(result.errors).reduce((a, b) => a + b, 0),
    0,
  );
  const faulty = measurements.some(({ result }) => result.faults.length > 0);
  return `${errors}${faulty ? ' (faulty)' : ''}`;
}

function describeTroubles(label: string, { server, repetition, result }: Measurement): string[] {
  const kinds = Object.entries(result.errors).map(([kind, count]) => `${count} × ${kind}`);
  return [...result.faults, ...kinds].map((trouble) => `${label}, ${server}, repetition ${repetition}: ${trouble}`);
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
