import fs from 'node:fs';
import path from 'node:path';
import { services } from '@quorate/wire';
import { RawClient } from '../compat/raw-client.testing';
import { describeWith } from '../support/foreign-tools';
import { type ServerProcess, startEtcd, startQuorate, temporaryDirectory } from '../support/server-process';
import { filesBelow, refusedStart } from './refused-start.testing';

jest.setTimeout(60_000);

let dataDir: string;
beforeEach(() => { dataDir = temporaryDirectory(); });
afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }));

/** Runs a server for a few writes. */
async function writeSome(count: number, end: NodeJS.Signals, start: Promise<ServerProcess>): Promise<void> {
  const server = await start;
  const client = new RawClient(server.endpoint);
  for (let at = 0; at < count; at++) await client.ask(services.KV.Put, { key: `k${at}`, value: Buffer.from(`v${at}`) });
  client.close();
  await server.end(end);
}

const quorate = (flags: readonly string[] = []): Promise<ServerProcess> => startQuorate({ dataDir, flags });

describe('a start that cannot be safe ends with one line that says why', () => {
  it('where the store is gone', async () => {
    await writeSome(3, 'SIGKILL', quorate());
    fs.rmSync(path.join(dataDir, 'member', 'store'), { recursive: true });
    const { code, reasons } = await refusedStart(dataDir);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/database file .*member\/store.* is missing; restore it, or start with an empty data directory/);
  });

  it('where the log is gone', async () => {
    await writeSome(3, 'SIGKILL', quorate());
    fs.rmSync(path.join(dataDir, 'member', 'wal'), { recursive: true });
    const { code, reasons } = await refusedStart(dataDir);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/the WAL that belongs to the store .* is missing/);
  });

  it('where the store is older than the beginning of the log, or newer than its end', async () => {
    await writeSome(3, 'SIGTERM', quorate());
    const store = path.join(dataDir, 'member', 'store');
    const log = path.join(dataDir, 'member', 'wal');
    fs.cpSync(store, `${store}.old`, { recursive: true });
    fs.cpSync(log, `${log}.old`, { recursive: true });
    await writeSome(20, 'SIGTERM', quorate(['--snapshot-count=5']));
    fs.renameSync(store, `${store}.new`);
    fs.renameSync(`${store}.old`, store);
    const older = await refusedStart(dataDir);
    expect(older).toMatchObject({ code: 1, reasons: [expect.stringMatching(/the store is older than the log\. Restore both from the same backup/)] });
    fs.renameSync(log, `${log}.new`);
    fs.renameSync(`${log}.old`, log);
    fs.rmSync(store, { recursive: true });
    fs.renameSync(`${store}.new`, store);
    const newer = await refusedStart(dataDir);
    expect(newer).toMatchObject({ code: 1, reasons: [expect.stringMatching(/the log is older than the store\. Restore both from the same backup/)] });
    // Nothing was changed: with the right log it starts.
    fs.rmSync(log, { recursive: true });
    fs.renameSync(`${log}.new`, log);
    await writeSome(1, 'SIGTERM', quorate());
  });

  it('where another process has the directory', async () => {
    const server = await quorate();
    const { code, reasons } = await refusedStart(dataDir);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/cannot open data directory .*: locked by another process/);
    const client = new RawClient(server.endpoint);
    await client.ask(services.KV.Put, { key: 'still', value: Buffer.from('served') });
    client.close();
    await server.end('SIGTERM');
  });

  it('where the port is taken', async () => {
    const server = await quorate();
    const other = temporaryDirectory();
    const { code, reasons } = await refusedStart(other, [`--listen-client-urls=${server.url}`, `--advertise-client-urls=${server.url}`]);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/bind: address already in use/);
    expect(fs.readdirSync(other)).toEqual([]);
    fs.rmdirSync(other);
    await server.end('SIGTERM');
  });

  it('where a byte in the middle of the log is not as it was written', async () => {
    await writeSome(50, 'SIGKILL', quorate());
    const name = '0000000000000001.wal';
    const segment = path.join(dataDir, 'member', 'wal', name);
    const bytes = fs.readFileSync(segment);
    const at = bytes.indexOf('v20');
    bytes[at]! ^= 0x04;
    fs.writeFileSync(segment, bytes);
    const before = filesBelow(path.join(dataDir, 'member', 'wal'));
    const { code, reasons } = await refusedStart(dataDir);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(name);
    const offset = Number(/offset (\d+)/.exec(reasons[0]!)?.[1]);
    expect(offset).toBeLessThanOrEqual(at);
    expect(offset).toBeGreaterThan(at - 200);
    expect(filesBelow(path.join(dataDir, 'member', 'wal'))).toEqual(before);
  });

  it('where the store is no database, or one of another program', async () => {
    await writeSome(3, 'SIGTERM', quorate());
    const file = path.join(dataDir, 'member', 'store', 'quorate.db');
    fs.writeFileSync(file, Buffer.alloc(8192, 'x'));
    const { code, reasons } = await refusedStart(dataDir);
    expect(code).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/quorate\.db.*not a database of Quorate/);
  });
});

describeWith(['etcd'], 'the data directory of a real etcd', () => {
  it('is refused and left untouched', async () => {
    await writeSome(3, 'SIGTERM', startEtcd({ dataDir }));
    const before = filesBelow(dataDir);
    const whole = await refusedStart(dataDir);
    expect(whole).toMatchObject({ code: 1, reasons: [expect.stringMatching(/is the data directory of an etcd: it is left untouched/)] });
    expect(filesBelow(dataDir)).toEqual(before);
    // Its log alone tells it apart too.
    fs.rmSync(path.join(dataDir, 'member', 'snap'), { recursive: true });
    const logOnly = await refusedStart(dataDir);
    expect(logOnly).toMatchObject({ code: 1, reasons: [expect.stringMatching(/is the data directory of an etcd: it is left untouched/)] });
    expect([...filesBelow(dataDir).keys()]).toEqual([...before.keys()].filter((name) => !name.startsWith('member/snap')));
  });
});
