import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeWith } from '../support/foreign-tools';
import { type ServerProcess, startEtcd, startQuorate, temporaryDirectory } from '../support/server-process';
import { Terminal } from './terminal.testing';
import { isShown } from './tour.testing';

const page = readFileSync(path.resolve(__dirname, '../../docs/operations.md'), 'utf8');

/** What the first cells of the table below a heading hold between backquotes. */
function codesUnder(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/operations.md has no heading "${heading}"`);
  const cells = section.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split(' | ')[0] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

describe('docs/operations.md', () => {
  let folder: string;
  /** The directory of a member that has stopped, with one key in it. */
  let stopped: string;

  beforeAll(async () => {
    folder = temporaryDirectory();
    stopped = path.join(folder, 'stopped');
    const server = await startQuorate({ dataDir: stopped });
    await call(server, 'put', { key: base64('kept'), value: base64('yes') });
    await server.end('SIGTERM');
  }, 70_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function copyOf(name: string): string {
    const copy = path.join(folder, name);
    cpSync(stopped, copy, { recursive: true });
    return copy;
  }

  /** The line that a start ends with, and its exit code. */
  async function refusal(options: Parameters<typeof startQuorate>[0]): Promise<string> {
    const output = await startQuorate(options).then(
      async (server) => {
        await server.end('SIGKILL');
        throw new Error('the server started');
      },
      (error: Error) => error.message,
    );
    const lines = output.trim().split('\n').slice(1);
    const fatal = lines.find((line) => line.startsWith('{"level":"fatal"'));
    return fatal === undefined ? lines[0] ?? '' : (JSON.parse(fatal) as { readonly msg: string }).msg;
  }

  const rows = codesUnder('When it refuses to start');

  it.each<[string, () => Parameters<typeof startQuorate>[0] | Promise<Parameters<typeof startQuorate>[0]>]>([
    ['an unknown flag', () => ({ flags: ['--bogus'] })],
    ['a flag of what is not there yet', () => ({ flags: ['--peer-cert-file=x'] })],
    ['a setting given twice', () => ({ env: { ETCD_DATA_DIR: 'x' } })],
    ['the directory of an etcd', () => {
      const dataDir = path.join(folder, 'etcd');
      mkdirSync(path.join(dataDir, 'member/snap'), { recursive: true });
      writeFileSync(path.join(dataDir, 'member/snap/db'), '');
      return { dataDir };
    }],
    ['a store that is missing', () => {
      const dataDir = copyOf('no-store');
      rmSync(path.join(dataDir, 'member/store'), { recursive: true });
      return { dataDir };
    }],
    ['a log that is missing', () => {
      const dataDir = copyOf('no-log');
      rmSync(path.join(dataDir, 'member/wal'), { recursive: true });
      return { dataDir };
    }],
    ['a log that was changed', () => {
      const dataDir = copyOf('changed-log');
      const file = path.join(dataDir, 'member/wal/0000000000000001.wal');
      const bytes = readFileSync(file);
      bytes[120] = (bytes[120] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      return { dataDir };
    }],
    ['a store that is none', () => {
      const dataDir = copyOf('strange-store');
      writeFileSync(path.join(dataDir, 'member/store/quorate.db'), 'no database');
      return { dataDir };
    }],
    ['a cluster of several members', () => ({ dataDir: path.join(folder, 'cluster'), flags: [
      '--initial-cluster=default=http://127.0.0.1:1,other=http://127.0.0.1:2', '--initial-advertise-peer-urls=http://127.0.0.1:1',
    ] })],
  ])('lists how %s is refused', async (_, optionsOf) => {
    const message = await refusal({ dataDir: path.join(folder, 'unused'), ...await optionsOf() });
    expect(rows.filter((row) => isShown(row, message))).toHaveLength(1);
  }, 70_000);

  describe('with a member that runs', () => {
    let server: ServerProcess;

    beforeAll(async () => {
      server = await startQuorate({ dataDir: copyOf('running') });
    }, 70_000);

    afterAll(async () => {
      await server?.end('SIGTERM');
    });

    it.each<[string, () => Parameters<typeof startQuorate>[0]]>([
      ['its port', () => ({ dataDir: path.join(folder, 'other'), port: Number(server.endpoint.split(':')[1]) })],
      ['its directory', () => ({ dataDir: server.dataDir })],
    ])('lists how a second one on %s is refused', async (_, optionsOf) => {
      // The first one answers on the port, so only the end of the second one tells.
      const message = await refusal(optionsOf());
      expect(rows.filter((row) => isShown(row, message))).toHaveLength(1);
    }, 70_000);

    it('promises a cold copy that has everything', async () => {
      expect(await call(server, 'range', { key: base64('kept') })).toMatchObject({ kvs: [{ value: base64('yes') }] });
    });

    it('names metrics that there are', async () => {
      const metrics = await fetch(`${server.url}/metrics`).then((response) => response.text());
      const there = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      const named = new Set([...page.matchAll(/`((?:etcd|quorate|os)_[a-z0-9_]+)`/g)].map(([, name]) => name));
      // What the system has to provide.
      if (process.platform !== 'linux') for (const name of ['os_fd_used', 'os_fd_limit']) named.delete(name);
      expect(named.size).toBeGreaterThan(5);
      expect([...named].filter((name) => !there.has(name) && name !== 'quorate_data')).toEqual([]);
    });
  });

  describeWith(['etcd', 'etcdctl'], 'moving keys', () => {
    let quorate: ServerProcess;
    let etcd: ServerProcess;
    let terminal: Terminal;

    beforeAll(async () => {
      quorate = await startQuorate({ dataDir: copyOf('mirror') });
      etcd = await startEtcd({ dataDir: path.join(folder, 'mirror-etcd') });
      terminal = new Terminal(folder, { ETCDCTL_API: '3' });
    }, 130_000);

    afterAll(async () => {
      await terminal?.close();
      await quorate?.end('SIGTERM');
      await etcd?.end('SIGTERM');
    });

    it('works from Quorate to etcd, with what is there and what comes', async () => {
      terminal.begin(`etcdctl --endpoints=${quorate.endpoint} make-mirror ${etcd.endpoint}`);
      await untilThere(etcd, 'kept', 'yes');
      await call(quorate, 'put', { key: base64('new'), value: base64('also') });
      await untilThere(etcd, 'new', 'also');
    }, 40_000);

    it('works from etcd to Quorate', async () => {
      await terminal.close();
      terminal = new Terminal(folder, { ETCDCTL_API: '3' });
      await call(etcd, 'put', { key: base64('back'), value: base64('again') });
      terminal.begin(`etcdctl --endpoints=${etcd.endpoint} make-mirror ${quorate.endpoint}`);
      await untilThere(quorate, 'back', 'again');
    }, 40_000);
  });
});

const POLL_MS = 20;
const PATIENCE_MS = 30_000;

async function untilThere(server: ServerProcess, key: string, value: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { kvs = [] } = await call(server, 'range', { key: base64(key) });
    if (kvs[0]?.value === base64(value)) return;
    if (Date.now() > deadline) throw new Error(`${key} did not arrive`);
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

async function call(server: ServerProcess, method: string, body: object): Promise<{ readonly kvs?: readonly { readonly value: string }[] }> {
  const response = await fetch(`${server.url}/v3/kv/${method}`, { method: 'POST', body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  return await response.json() as { readonly kvs?: readonly { readonly value: string }[] };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
