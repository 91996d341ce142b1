import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { requireTool } from '../support/foreign-tools';
import type { ServerOptions } from '../support/server-process';
import { type ComparedServer, maskServer, onBoth, type ServerPair, startPair, stopPair } from './server-pair.testing';

/** One run of `etcdctl`, the same for both servers. */
export interface EtcdctlStep {
  /**
   * Words, or one line of words without quotes. `$name` stands for what an earlier step took by `take`, `$endpoint`,
   * `$member` and `$cluster` (hexadecimal) for the server's own.
   */
  readonly run: string | readonly string[];
  /** What is typed at its standard input, which is closed then. Otherwise it is empty from the start. */
  readonly input?: string;
  /** Typed piece by piece, each when what was written before it appeared in the output; the input stays open after the last. */
  readonly dialogue?: readonly { readonly when?: RegExp; readonly say: string }[];
  /** It would run for ever: interrupted when all of this has appeared in its output, of which nothing behind it counts. */
  readonly until?: RegExp;
  /** Runs beside the next steps; interrupted after the last one, unless `until` is given. Its outcome is compared too. */
  readonly beside?: boolean;
  /** Other steps follow when this has appeared in the output of a step that runs `beside`. */
  readonly ready?: RegExp;
  /** The first group of each pattern, by the name under which later steps use it; masked in all outputs from then on. */
  readonly take?: Readonly<Record<string, RegExp>>;
  /** Takes out of the output what the two servers cannot have in common; say why where it is used. */
  readonly mask?: (output: string) => string;
  /** Instead of the server's own address. */
  readonly endpoints?: string;
}

export interface EtcdctlOutcome {
  readonly command: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A name, and steps that are run one after the other on both servers; a string is a step of that command line. */
export type Sequence = readonly [name: string, ...steps: (string | EtcdctlStep)[]];

/** Longer than any step needs. */
const STEP_TIMEOUT_MS = 12_000;

/** Declares a test per sequence; all of them share one pair of fresh servers, so that revisions go on counting. */
export function compareSequences(sequences: readonly Sequence[], options: ServerOptions = {}): void {
  let pair: ServerPair;
  beforeAll(async () => { pair = await startPair(options); }, 70_000);
  afterAll(() => stopPair(pair));
  it.each(sequences.map(([name, ...steps]) => [name, steps] as const))('%s', async (_name, steps) => {
    const { etcd, quorate } = await onBoth(pair, (server) => runSteps(server, steps));
    expect(quorate).toEqual(etcd);
  }, 120_000);
}

/** Runs the steps and masks what is the server's own in their outcomes. */
export async function runSteps(server: ComparedServer, steps: readonly (string | EtcdctlStep)[]): Promise<EtcdctlOutcome[]> {
  const taken = new Map([['endpoint', server.process.endpoint], ['member', server.memberId.toString(16)], ['cluster', server.clusterId.toString(16)]]);
  const outcomes: Promise<EtcdctlOutcome>[] = [];
  const interrupts: (() => void)[] = [];
  const secrets = new Map<string, string>();
  for (const given of steps) {
    const step = typeof given === 'string' ? { run: given } : given;
    const { outcome, ready, interrupt } = startStep(server, step, taken);
    const masked = outcome.then((raw) => {
      for (const [name, pattern] of Object.entries(step.take ?? {})) {
        const value = pattern.exec(raw.stdout)?.[1];
        if (value === undefined) throw new Error(`no ${name} in the output of ${raw.command}:\n${raw.stdout}${raw.stderr}`);
        taken.set(name, value);
        for (const form of formsOf(value)) secrets.set(form, `<${name}>`);
      }
      return raw;
    });
    outcomes.push(masked);
    if (!step.beside) await masked;
    else if (step.ready) await ready;
    if (step.beside && !step.until) interrupts.push(interrupt);
  }
  await Promise.all(outcomes.filter((_outcome, at) => endsByItself(steps[at])));
  for (const interrupt of interrupts) interrupt();
  const raw = await Promise.all(outcomes);
  return raw.map((outcome, at) => maskOutcome(outcome, server, secrets, steps[at] as string | EtcdctlStep));
}

function endsByItself(step: string | EtcdctlStep | undefined): boolean {
  return typeof step !== 'object' || !step.beside || step.until !== undefined;
}

function maskOutcome({ command, code, stdout, stderr }: EtcdctlOutcome, server: ComparedServer, secrets: ReadonlyMap<string, string>, step: string | EtcdctlStep): EtcdctlOutcome {
  const own = typeof step === 'string' ? undefined : step.mask;
  const mask = (text: string): string => {
    let masked = maskServer(text, server);
    for (const [value, name] of secrets) masked = masked.replaceAll(value, name);
    return own ? own(masked) : masked;
  };
  return { command, code, stdout: mask(stdout), stderr: mask(maskLog(stderr)) };
}

/** The client's own log lines carry the time and a random name of the connection. */
function maskLog(stderr: string): string {
  const panic = /^panic: [^]*?\n\n/.exec(stderr);
  if (panic) return panic[0]; // What follows is addresses: etcdctl 3.4 itself falls over some wrong input.
  return stderr.replaceAll(/"ts":"[^"]*"/g, '"ts":"<time>"').replaceAll(/endpoint:\/\/client-[0-9a-f-]{36}/g, 'endpoint://client-<id>');
}

/** A lease is written in hexadecimal by the plain output and in decimal by JSON. */
function formsOf(value: string): string[] {
  return /^[0-9a-f]{8,16}$/.test(value) ? [value, BigInt(`0x${value}`).toString()] : [value];
}

interface Started {
  readonly outcome: Promise<EtcdctlOutcome>;
  readonly ready: Promise<void>;
  interrupt(): void;
}

function startStep(server: ComparedServer, step: EtcdctlStep, taken: ReadonlyMap<string, string>): Started {
  const words = typeof step.run === 'string' ? step.run.split(' ') : step.run;
  const args = words.map((word) => word.replaceAll(/\$([a-z]+)/g, (whole, name: string) => taken.get(name) ?? whole));
  const child = spawn(requireTool('etcdctl'), args, {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: step.endpoints ?? server.process.endpoint },
  });
  const output = { stdout: '', stderr: '' };
  const dialogue = [...step.dialogue ?? []];
  let interrupted = false;
  let awaited: string | undefined;
  const interrupt = (): void => {
    if (!interrupted) child.kill('SIGINT');
    interrupted = true;
  };
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => { markReady = resolve; });
  const look = (): void => {
    const all = output.stdout + output.stderr;
    while (dialogue[0] && (!dialogue[0].when || dialogue[0].when.test(all))) child.stdin.write((dialogue.shift() as { say: string }).say);
    if (step.ready?.test(all)) markReady();
    if (!step.until?.test(all) || dialogue.length > 0) return;
    awaited ??= upTo(step.until, output.stdout);
    interrupt();
  };
  child.stdout.on('data', (chunk: Buffer) => { output.stdout += chunk.toString('latin1'); look(); });
  child.stderr.on('data', (chunk: Buffer) => { output.stderr += chunk.toString('latin1'); look(); });
  child.stdin.on('error', () => undefined);
  if (step.dialogue) look();
  else child.stdin.end(step.input ?? '');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, STEP_TIMEOUT_MS);
  const outcome = once(child, 'close').then(([code]) => {
    clearTimeout(timer);
    markReady();
    if (late) throw new Error(`${server.kind}: etcdctl ${words.join(' ')} did not end:\n${output.stdout}${output.stderr}`);
    return { command: words.join(' '), code: code as number | null, ...output, stdout: awaited ?? output.stdout };
  });
  return { outcome, ready, interrupt };
}

/** How much more came before the interrupt depends on the moment. */
function upTo(pattern: RegExp, output: string): string {
  const match = pattern.exec(output);
  return match ? output.slice(0, match.index + match[0].length) : output;
}
