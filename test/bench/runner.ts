import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { CellResult, CellSpec, Shape, WorkloadName } from './cell';
import type { Options } from './options';
import { type RunningServer, type ServerBinary, startServer } from './servers';

/** Added to a cell's own seconds before its generator counts as stuck: data to prepare, answers to wait for. */
const CELL_SLACK_MS = 90_000;

/** One cell measured once on one server. */
export interface Measurement {
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly repetition: number;
  /** etcd, quorate, or the address of a given endpoint. */
  readonly server: string;
  readonly result: CellResult;
}

type GeneratorReply = { readonly result: CellResult } | { readonly failure: string };

const generators = new Set<ChildProcess>();

/** Ends the generator that is running, if any. */
export function stopGenerators(): void {
  for (const generator of generators) generator.kill('SIGKILL');
}

/**
 * Measures every cell `repetitions` times on every server, the servers taking turns (A B A B …) so that a change of the
 * machine's mood hits all alike. Each measurement has a fresh server with an empty data directory.
 */
export async function measureAll(
  options: Options,
  binaries: readonly ServerBinary[],
  dataRoot: string,
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const workload of options.workloads) {
    for (const shape of options.shapes) {
      for (let repetition = 1; repetition <= options.repetitions; repetition++) {
        for (const binary of options.endpoint === null ? binaries : [null]) {
          const measurement = await measureOne(options, { workload, shape, repetition, binary, dataRoot });
          measurements.push(measurement);
          progress(progressLine(measurement, options.repetitions));
        }
      }
    }
  }
  return measurements;
}

interface Turn {
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly repetition: number;
  /** Null for the given endpoint. */
  readonly binary: ServerBinary | null;
  readonly dataRoot: string;
}

async function measureOne(options: Options, turn: Turn): Promise<Measurement> {
  const { workload, shape, repetition } = turn;
  let started: RunningServer | null = null;
  try {
    if (turn.binary !== null) started = await startServer(turn.binary, turn.dataRoot);
    const target = started ?? options.endpoint;
    if (target === null) throw new Error('nothing to measure');
    const result = await generate({
      host: target.host,
      port: target.port,
      serverPid: started?.pid ?? options.pid,
      workload,
      shape,
      warmupSeconds: options.warmupSeconds,
      seconds: options.seconds,
      seed: started === null ? Math.floor(Math.random() * 2 ** 31) : repetition,
      exclusive: started !== null,
    });
    return { workload, shape, repetition, server: started?.name ?? `${target.host}:${target.port}`, result };
  } finally {
    await started?.stop();
  }
}

/** Runs one cell in a generator process of its own; a cell that cannot be run becomes a result with a fault. */
function generate(spec: CellSpec): Promise<CellResult> {
  return new Promise((resolve) => {
    const child = fork(join(__dirname, 'generator.js'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    generators.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), (spec.warmupSeconds + spec.seconds) * 1000 + CELL_SLACK_MS);
    let result: CellResult | null = null;
    child.once('message', (reply: GeneratorReply) => {
      result = 'result' in reply ? reply.result : failedResult(reply.failure);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      generators.delete(child);
      resolve(result ?? failedResult(`the generator ended with ${signal ?? `exit code ${code}`}`));
    });
    child.send(spec);
  });
}

function failedResult(fault: string): CellResult {
  return {
    operations: 0,
    elapsedSeconds: 0,
    p50Ms: 0,
    p99Ms: 0,
    maxMs: 0,
    serverCpuSeconds: null,
    clientCpuSeconds: 0,
    serverResidentBytes: null,
    errors: {},
    faults: [fault],
  };
}

function progressLine(measurement: Measurement, repetitions: number): string {
  const { workload, shape, repetition, server, result } = measurement;
  const perSecond = result.elapsedSeconds > 0 ? Math.round(result.operations / result.elapsedSeconds) : 0;
  const troubles = [...result.faults, ...Object.entries(result.errors).map(([kind, count]) => `${count} x ${kind}`)];
  const outcome = troubles.length === 0 ? '' : ` — ${troubles.join('; ')}`;
  return `${workload} ${shape.connections}/${shape.inFlight} [${repetition}/${repetitions}] ${server}: ${perSecond}/s${outcome}`;
}
