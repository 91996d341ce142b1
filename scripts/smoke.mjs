// Start-and-put: starts a member the way a user does, writes a key, stops it, starts it again and reads the key back.
//   node scripts/smoke.mjs
// Exits non-zero, with the member's output, when anything differs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const deadlineMs = 120_000;
const folder = mkdtempSync(path.join(tmpdir(), 'quorate-smoke-'));
const key = Buffer.from('smoke/key').toString('base64');
const value = Buffer.from(`written by Node ${process.versions.node}`).toString('base64');
let output = '';
let member;

function listen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** A port that is free together with the next one, as --port wants it. */
async function freePortPair() {
  for (;;) {
    const first = await listen(0);
    const { port } = first.address();
    const second = await listen(port + 1);
    await new Promise((resolve) => first.close(resolve));
    if (second === undefined) continue;
    await new Promise((resolve) => second.close(resolve));
    return port;
  }
}

/** Starts the member; resolves when it says that it serves. */
function start(port) {
  member = spawn(process.execPath, ['scripts/up.mjs', 'start', '--port', String(port), '--data-dir', path.join(folder, 'data')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  member.ended = new Promise((resolve) => member.on('close', (code, signal) => resolve({ code, signal })));
  return new Promise((resolve, reject) => {
    const onData = (chunk) => {
      output += chunk;
      if (output.includes('ready to serve client requests')) resolve();
    };
    member.stdout.on('data', onData);
    member.stderr.on('data', onData);
    member.ended.then(({ code, signal }) => reject(new Error(`the member ended: ${signal ?? `exit code ${code}`}`)));
  });
}

/** SIGTERM: a clean end is exit code 0, or the signal itself, as with etcd. */
async function stop() {
  member.kill('SIGTERM');
  const { code, signal } = await member.ended;
  if (code !== 0 && signal !== 'SIGTERM') throw new Error(`stopped with ${signal ?? `exit code ${code}`}`);
  output = '';
}

async function ask(url, body) {
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

function expectEqual(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

async function smoke() {
  const port = await freePortPair();
  const url = `http://127.0.0.1:${port}`;
  await start(port);
  expectEqual('health', (await ask(`${url}/health`)).health, 'true');
  const put = await ask(`${url}/v3/kv/put`, { key, value });
  expectEqual('revision of the first put', put.header?.revision, '2');
  await stop();
  await start(port);
  const range = await ask(`${url}/v3/kv/range`, { key });
  expectEqual('value after a restart', range.kvs?.[0]?.value, value);
  expectEqual('revision after a restart', range.header?.revision, '2');
  await stop();
}

const deadline = setTimeout(() => finish(new Error(`not done within ${deadlineMs / 1000} s`)), deadlineMs);

function finish(error) {
  clearTimeout(deadline);
  if (member !== undefined && member.exitCode === null) member.kill('SIGTERM');
  if (error !== undefined) process.stderr.write(`smoke: ${error.message}\n${output}`);
  else process.stdout.write(`smoke: a member started, kept a key over a restart and stopped, on Node ${process.versions.node}\n`);
  const exit = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(error === undefined ? 0 : 1);
  };
  if (error === undefined || member === undefined) exit();
  else Promise.race([member.ended, new Promise((resolve) => setTimeout(resolve, 5_000))]).then(exit);
}

smoke().then(() => finish(undefined), finish);
