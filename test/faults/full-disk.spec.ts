import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { services } from '@quorate/wire';
import { type Outcome, RawClient } from '../compat/raw-client.testing';
import { type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';

const DISK_MEGABYTES = 220;
const BALLAST_MEGABYTES = 24;
const VALUE_BYTES = 100_000;
/** More than the whole disk holds. */
const PUTS_MAX = 3000;

jest.setTimeout(120_000);

/** A small disk can be mounted by root only; `test/replica/back-pressure.spec.ts` fills a simulated one for everybody. */
const describeAsRoot = canMount() ? describe : describe.skip;

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'quorate-test', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmdirSync(directory);
  }
}

describeAsRoot('a disk that fills up (needs root, to mount a small one)', () => {
  let disk: string;
  let server: ServerProcess | undefined;
  beforeEach(() => {
    disk = temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'quorate-test', disk]);
  });
  afterEach(async () => {
    await server?.end('SIGKILL');
    execFileSync('umount', [disk]);
    fs.rmdirSync(disk);
  });

  const put = (client: RawClient, at: number): Promise<Outcome<unknown>> => (
    client.try(services.KV.Put, { key: `k${at}`, value: Buffer.alloc(VALUE_BYTES, at) })
  );
  const count = async (client: RawClient): Promise<number> => (await client.ask(services.KV.Range, { key: 'k', rangeEnd: 'l', countOnly: true })).count;

  it('refuses writes with a clear error, serves reads, starts again, and recovers when there is room', async () => {
    const ballast = path.join(disk, 'ballast');
    fs.writeFileSync(ballast, Buffer.alloc(BALLAST_MEGABYTES * 1e6));
    const dataDir = path.join(disk, 'data');
    server = await startQuorate({ dataDir });
    let client = new RawClient(server.endpoint);
    let taken = 0;
    let refusal: Outcome<unknown> | undefined;
    while (taken < PUTS_MAX && !refusal) {
      const outcome = await put(client, taken);
      if ('response' in outcome) taken++;
      else refusal = outcome;
    }
    expect(refusal).toMatchObject({ message: expect.stringMatching(/database space exceeded|too many requests/) });
    expect(taken).toBeGreaterThan(300);
    expect(await count(client)).toBe(taken);
    client.close();

    await server.end('SIGKILL');
    server = await startQuorate({ dataDir });
    client = new RawClient(server.endpoint);
    expect(await count(client)).toBe(taken);
    expect((await client.ask(services.KV.Range, { key: 'k7' })).kvs[0]?.value.equals(Buffer.alloc(VALUE_BYTES, 7))).toBe(true);

    fs.rmSync(ballast);
    execFileSync('mount', ['-o', `remount,size=${4 * DISK_MEGABYTES}m`, disk]);
    let recovered = false;
    for (let attempt = 0; attempt < 200 && !recovered; attempt++) {
      recovered = 'response' in await put(client, taken);
      if (!recovered) await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    expect(recovered).toBe(true);
    expect(await count(client)).toBe(taken + 1);
    client.close();
  });
});
