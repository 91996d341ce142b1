import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const repository = path.resolve(__dirname, '..', '..');

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A throw-away checkout: copies of the files named, the installed packages by a link, and whatever is written into it.
 * For tests of the launcher, the set-up and the lint rules, which find everything relative to themselves.
 */
export class HouseCheckout {
  readonly root: string;

  /** @param copied files and folders of the repository; @param name last part of the path, e.g. one with a space */
  constructor(copied: readonly string[], name = 'checkout') {
    this.root = path.join(realpathSync(mkdtempSync(path.join(tmpdir(), 'quorate-house-'))), name);
    mkdirSync(this.root);
    for (const file of copied) cpSync(path.join(repository, file), path.join(this.root, file), { recursive: true });
  }

  linkPackages(): void {
    symlinkSync(path.join(repository, 'node_modules'), path.join(this.root, 'node_modules'));
  }

  write(file: string, content: string): string {
    const target = path.join(this.root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
    return target;
  }

  /** Runs a program in the checkout to its end. */
  run(command: string, args: readonly string[], env: Record<string, string | undefined> = {}): Promise<ProgramResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(path.dirname(this.root), { recursive: true, force: true });
  }
}
