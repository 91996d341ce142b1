// Child processes and messages of the set-up.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');

/** A failure the user can act on: shown as its message, without a stack. */
export class SetUpError extends Error {
  oneLine = true;
}

/** Progress goes to stderr: stdout belongs to the program that is started afterwards. */
export function say(text) {
  process.stderr.write(`quorate: ${text}\n`);
}

/**
 * Runs a program in the checkout to its end: `{ code, output }`. With `quiet` the output (both streams) is collected,
 * else it is shown as it comes. `code` is non-zero when a signal ended it or it could not be started.
 */
export function run(command, args, { env = {}, quiet = false, cwd = root, timeoutMs } = {}) {
  return new Promise((resolve) => {
    // Shown output goes to our stderr, see say().
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2];
    const child = spawn(command, args, { cwd, stdio, env: { ...process.env, ...env }, timeout: timeoutMs });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, output: String(error.message) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

export function runNode(script, args, options) {
  return run(process.execPath, [script, ...args], options);
}

/** npm: the one that started us, run by this Node, else the one on the PATH. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath;
  return npm !== undefined && /npm-cli\.js$/.test(npm) && existsSync(npm) ? runNode(npm, args, options) : run('npm', args, options);
}

/**
 * Becomes `command`, as far as Node can: same terminal, signals handed on, its exit code or signal is ours.
 * Never returns.
 */
export function become(command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the whole process group by itself.
      const fromTerminal = process.stdin.isTTY === true && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    say(`cannot start ${command}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  return new Promise(() => {});
}
