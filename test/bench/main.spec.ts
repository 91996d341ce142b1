import { transformSync } from '@swc/core';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findExecutable } from './servers';
import { type Misbehaviour, startTinyEtcd, type TinyEtcd } from './tiny-etcd';

let folder = '';
let server: TinyEtcd | null = null;

/** The program as JavaScript, the way a build gives it: every file beside the others. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-spec-'));
  for (const name of readdirSync(__dirname)) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts') || name === 'tiny-etcd.ts') continue;
    const { code } = transformSync(readFileSync(join(__dirname, name), 'utf8'), {
      filename: name,
      module: { type: 'commonjs' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), code);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => {
  server?.close();
  server = null;
});

/** Runs the program with `folder` as its working directory. */
function bench(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(folder, 'main.js'), ...args], {
      cwd: folder,
      env: { ...process.env, QUORATE_BIN: join(folder, 'none') },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function benchTiny(misbehaviour: Misbehaviour): Promise<{ code: number | null; out: string; report: string }> {
  server = await startTinyEtcd(misbehaviour);
  const endpoint = ['--endpoint', `127.0.0.1:${server.port}`, '--pid', String(process.pid)];
  const { code, out } = await bench(
    ...endpoint,
    '--workloads',
    'put,range',
    '--concurrency',
    '1/4',
    '--seconds',
    '0.3',
    '--warmup',
    '0.1',
    '--repetitions',
    '2',
  );
  return { code, out, report: readFileSync(join(folder, 'bench-report.md'), 'utf8') };
}

describe('the benchmark program', () => {
  it('measures an endpoint in a generator process of its own and reports', async () => {
    const { code, out, report } = await benchTiny({});
    expect(code).toBe(0);
    expect(report).toContain(`Node.js ${process.version}`);
    expect(report).toContain('2 repetition(s)');
    const row = new RegExp(
      `^\\| 4 \\(1\\) \\| 127\\.0\\.0\\.1:${server?.port} \\| [\\d,]+ \\([\\d,]+–[\\d,]+\\) \\|.*\\| 0 \\|$`,
      'gm',
    );
    expect(report.match(row)).toHaveLength(2);
    expect(out.match(row)).toEqual(report.match(row));
  });

  it('ends with 1 and shows the errors when answers are errors', async () => {
    const { code, out } = await benchTiny({ failEveryPut: 5 });
    expect(code).toBe(1);
    expect(out).toMatch(/repetition 1: \d+ × RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded/);
  });

  it('prints help', async () => {
    const { code, out } = await bench('--help');
    expect(code).toBe(0);
    expect(out).toContain('--repetitions n');
  });

  it('answers a wrong option with one line and exit code 2', async () => {
    expect(await bench('--frobnicate')).toEqual({
      code: 2,
      out: '',
      err: 'bench: unknown option --frobnicate (see --help)\n',
    });
  });

  it('answers a missing server with one line and exit code 1', async () => {
    const { code, err } = await bench('--only', 'quorate');
    expect(code).toBe(1);
    expect(err).toBe(`bench: quorate is not measured: there is no executable ${join(folder, 'none')}\n`);
  });

  it('says what a server that does not start has said', async () => {
    const failing = join(folder, 'failing');
    writeFileSync(failing, '#!/bin/sh\necho "no room here" >&2\nexit 3\n', { mode: 0o755 });
    const { code, err } = await bench('--only', 'etcd', '--etcd', failing, '--workloads', 'put', '--data-root', folder);
    expect(code).toBe(1);
    expect(err).toBe('bench: etcd did not start: it ended with exit code 3; it said: no room here\n');
    expect(readdirSync(folder).filter((name) => name.startsWith('bench-etcd'))).toEqual([]);
  });

  const etcd = findExecutable('etcd');
  const withEtcd = etcd === null && process.env['QUORATE_TEST_REQUIRE'] !== 'all' ? it.skip : it;
  withEtcd(
    'starts a real etcd, measures every workload without errors, and leaves nothing behind (install: apt-get install etcd-server)',
    async () => {
      const { code, out, err } = await bench(
        '--only',
        'etcd',
        '--concurrency',
        '2/6',
        '--seconds',
        '0.2',
        '--warmup',
        '0',
        '--repetitions',
        '1',
        '--data-root',
        folder,
      );
      expect(
        err
          .trim()
          .split('\n')
          .filter((line) => !/^\w+ 2\/6 \[1\/1\] etcd: \d+\/s$/.test(line)),
      ).toEqual([]);
      expect(code).toBe(0);
      expect(out.match(/^\| 6 \(2\) \| etcd \| [\d,]+ .*\| 0 \|$/gm)).toHaveLength(6);
      expect(readdirSync(folder).filter((name) => name.startsWith('bench-etcd'))).toEqual([]);
    },
    60_000,
  );
});
