import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const launcher = path.resolve(__dirname, '../../bin/quorate');

/** Variables of the caller that the command line would take for its own. */
function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const clean = Object.entries(process.env).filter(([name]) => !/^(QUORATE|ETCDCTL)_/.test(name));
  return { ...Object.fromEntries(clean), ETCDCTL_API: '3', ...extra };
}

export interface CliOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of ours. */
  readonly program?: string;
}

/** A command that is under way. */
export class RunningCli {
  stdout = '';
  stderr = '';
  private readonly child: ChildProcess;
  private wake: (() => void) | undefined;

  constructor(args: readonly string[], { input, env = {}, program = launcher }: CliOptions = {}) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment(env) });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString('latin1');
      this.wake?.();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => { this.stderr += chunk.toString(); });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdin?.end(input);
  }

  async finished(): Promise<CliResult> {
    const [code] = await once(this.child, 'close') as [number | null];
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) await new Promise<void>((resolve) => { this.wake = resolve; });
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  closeOutput(): void {
    this.child.stdout?.destroy();
  }
}

/** Runs a command to its end; output as latin1, so that any bytes can be compared. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return new RunningCli(args, options).finished();
}
