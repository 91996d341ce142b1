import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How long a reader waits for what the page promises. */
const PATIENCE_MS = 40_000;

/** A shell that keeps its variables and background jobs from one block of commands to the next, as a reader's does. */
export class Terminal {
  private readonly shell: ChildProcess;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'quorate-terminal-'));
  private readonly listeners = new Set<() => void>();
  private out = '';
  private err = '';
  private blocks = 0;
  private interrupted = false;
  private ended = false;

  constructor(cwd: string, env: Readonly<Record<string, string | undefined>>) {
    // A process group of its own, so that what it started can be ended with it.
    this.shell = spawn('sh', ['-e'], { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.shell.stdout?.on('data', (chunk: Buffer) => { this.out += chunk.toString(); this.changed(); });
    this.shell.stderr?.on('data', (chunk: Buffer) => { this.err += chunk.toString(); this.changed(); });
    // What a failed shell leaves running would keep its outputs open; what was interrupted may have a last word to say.
    this.shell.on('exit', () => { if (!this.interrupted) this.signalAll('SIGKILL'); });
    this.shell.on('close', () => { this.ended = true; this.changed(); });
    this.shell.stdin?.on('error', () => undefined);
  }

  /** What the last block has printed so far. */
  get output(): string {
    return this.out.replace(/\n?^--end of block \d+--\n/m, '');
  }

  /** Begins a block, without waiting for it. */
  begin(script: string): void {
    this.out = '';
    this.err = '';
    const file = path.join(this.folder, `block-${++this.blocks}.sh`);
    writeFileSync(file, `${script}\n`);
    this.shell.stdin?.write(`. '${file}' </dev/null\nprintf '\\n--end of block ${this.blocks}--\\n'\n`);
  }

  /** Runs a block to its end. @throws Error with all that it printed when a command of it fails */
  async run(script: string): Promise<void> {
    this.begin(script);
    const last = `\n--end of block ${this.blocks}--\n`;
    await this.until(() => this.out.includes(last) || this.ended);
    if (this.ended) throw new Error(`a command failed\n${this.all}`);
  }

  /** Waits for output that `isWanted`. @throws Error with all that it printed when that does not come */
  async show(isWanted: (output: string) => boolean): Promise<void> {
    let patient = true;
    const timer = setTimeout(() => { patient = false; this.changed(); }, PATIENCE_MS);
    await this.until(() => isWanted(this.output) || this.ended || !patient);
    clearTimeout(timer);
    if (!isWanted(this.output)) throw new Error(`it ${patient ? 'ended' : 'goes on'} with another output\n${this.all}`);
  }

  /** Everything since the last block began, for messages. */
  get all(): string {
    return `stdout:\n${this.out}\nstderr:\n${this.err}`;
  }

  /** Ctrl-C: a signal to all that runs here; the shell ends too. */
  async interrupt(): Promise<void> {
    this.interrupted = true;
    this.signalAll('SIGINT');
    await this.until(() => this.ended);
  }

  async close(): Promise<void> {
    this.signalAll('SIGKILL');
    await this.until(() => this.ended);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private signalAll(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.shell.pid as number), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  private until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.listeners.delete(check);
        resolve();
      };
      this.listeners.add(check);
      check();
    });
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
