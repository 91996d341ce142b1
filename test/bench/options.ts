import { type Shape, WORKLOADS, type WorkloadName } from './cell';

/** The servers that the runner can start; `endpoint` stands for one that is already there. */
export type ServerName = 'etcd' | 'quorate';

export interface Options {
  readonly workloads: readonly WorkloadName[];
  readonly shapes: readonly Shape[];
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly repetitions: number;
  readonly only: ServerName | null;
  readonly endpoint: { readonly host: string; readonly port: number } | null;
  readonly pid: number | null;
  readonly out: string;
  readonly etcdBinary: string;
  readonly dataRoot: string | null;
}

/** The command line is wrong; the message is the one line to show. */
export class UsageError extends Error {}

/** Connections that calls are spread over where the shape does not say. */
const DEFAULT_CONNECTIONS = 10;
const IN_FLIGHT_MAX = 100_000;
const NORMAL = { seconds: 4, warmupSeconds: 1, repetitions: 3 };
const QUICK = { seconds: 1, warmupSeconds: 0.5, repetitions: 1 };

export const HELP = `Usage: npm run bench -- [options]

Measures Quorate (bin/quorate of this checkout, or QUORATE_BIN) and, if there is one, a real etcd, alternately.

  --quick                  one repetition of one second per cell: a smoke test, not a measurement
  --workloads a,b          of ${WORKLOADS.join(', ')} (default: all)
  --concurrency a,b        calls in flight, or connections/calls in flight (default: 1,100,1000,
                           which is 1/1,10/100,10/1000)
  --seconds n              measured seconds per cell (default: ${NORMAL.seconds})
  --warmup n               seconds before that (default: ${NORMAL.warmupSeconds})
  --repetitions n          times that every cell is measured on each server (default: ${NORMAL.repetitions})
  --only etcd|quorate      start and measure only this server
  --etcd path              the etcd to start (default: the one on the PATH)
  --endpoint host:port     measure a server that is already running instead of starting any
  --pid n                  its process, for CPU and memory (with --endpoint)
  --data-root dir          where the servers' data directories are made (default: the system's temporary directory)
  --out file               the report (default: bench-report.md)
  --help                   this text
`;

/** Reads the command line; `help` is true if it asks for help; throws `UsageError`. */
export function parseOptions(args: readonly string[]): { help: boolean; options: Options } {
  const values = new Map<string, string>();
  for (let position = 0; position < args.length; position++) {
    const [name, ...rest] = args[position].split('=');
    if (name === '--help' || name === '-h' || name === '--quick') {
      if (rest.length > 0) throw new UsageError(`${name} takes no value`);
      values.set(name === '-h' ? '--help' : name, '');
    } else if (!VALUE_OPTIONS.has(name)) {
      throw new UsageError(`unknown option ${args[position]}`);
    } else {
      const value = rest.length > 0 ? rest.join('=') : args[++position];
      if (value === undefined || value === '') throw new UsageError(`${name} needs a value`);
      values.set(name, value);
    }
  }
  const defaults = values.has('--quick') ? QUICK : NORMAL;
  const endpoint = values.get('--endpoint');
  const pid = values.get('--pid');
  const only = values.get('--only');
  if (only !== undefined && only !== 'etcd' && only !== 'quorate')
    throw new UsageError(`--only takes etcd or quorate, not ${only}`);
  if (endpoint !== undefined && only !== undefined) throw new UsageError('--endpoint and --only exclude each other');
  if (pid !== undefined && endpoint === undefined) throw new UsageError('--pid goes with --endpoint');
  const options: Options = {
    workloads: parseWorkloads(values.get('--workloads')),
    shapes: (values.get('--concurrency') ?? '1,100,1000').split(',').map(parseShape),
    seconds: parseNumber('--seconds', values.get('--seconds'), defaults.seconds, 0.1, 3600),
    warmupSeconds: parseNumber('--warmup', values.get('--warmup'), defaults.warmupSeconds, 0, 3600),
    repetitions: parseInteger('--repetitions', values.get('--repetitions'), defaults.repetitions, 1000),
    only: only ?? null,
    endpoint: endpoint === undefined ? null : parseEndpoint(endpoint),
    pid: pid === undefined ? null : parseInteger('--pid', pid, 0, 2 ** 31),
    out: values.get('--out') ?? 'bench-report.md',
    etcdBinary: values.get('--etcd') ?? 'etcd',
    dataRoot: values.get('--data-root') ?? null,
  };
  return { help: values.has('--help'), options };
}

const VALUE_OPTIONS = new Set([
  '--workloads',
  '--concurrency',
  '--seconds',
  '--warmup',
  '--repetitions',
  '--only',
  '--etcd',
  '--endpoint',
  '--pid',
  '--data-root',
  '--out',
]);

function parseWorkloads(text: string | undefined): WorkloadName[] {
  if (text === undefined) return [...WORKLOADS];
  return text.split(',').map((name) => {
    const workload = WORKLOADS.find((known) => known === name);
    if (workload === undefined) throw new UsageError(`unknown workload ${name}; there are ${WORKLOADS.join(', ')}`);
    return workload;
  });
}

function parseShape(text: string): Shape {
  const match = /^(?:(\d{1,4})\/)?(\d{1,6})$/.exec(text);
  const inFlight = Number(match?.[2] ?? 0);
  const connections = Number(match?.[1] ?? Math.min(DEFAULT_CONNECTIONS, inFlight));
  if (connections < 1 || inFlight < connections || inFlight > IN_FLIGHT_MAX) {
    throw new UsageError(
      `--concurrency takes numbers like 100 or 10/100 (connections/in flight, at least one each), not ${text}`,
    );
  }
  return { connections, inFlight };
}

function parseEndpoint(text: string): { host: string; port: number } {
  const match = /^(?:http:\/\/)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? 0);
  if (match === null || port < 1 || port > 65_535) throw new UsageError(`--endpoint takes host:port, not ${text}`);
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function parseInteger(name: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > max)
    throw new UsageError(`${name} takes a whole number from 1 to ${max}, not ${text}`);
  return Number(text);
}

function parseNumber(name: string, text: string | undefined, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) < min || Number(text) > max) {
    throw new UsageError(`${name} takes a number from ${min} to ${max}, not ${text}`);
  }
  return Number(text);
}
