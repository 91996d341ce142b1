import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';
import { Terminal } from './terminal.testing';

const checkout = path.resolve(__dirname, '../..');
/** Of examples/02-registry, and what expiry may take beyond it. */
const TTL_MS = 6000;
const EXPIRY_SLACK_MS = 1000;

describe('the examples', () => {
  let folder: string;
  let server: ServerProcess;
  let terminals: Terminal[] = [];

  beforeAll(async () => {
    folder = temporaryDirectory();
    server = await startQuorate({ dataDir: folder });
  }, 70_000);

  afterEach(async () => {
    for (const terminal of terminals) await terminal.close();
    terminals = [];
  });

  afterAll(async () => {
    await server?.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  function open(): Terminal {
    const terminal = new Terminal(checkout, { QUORATE_URL: server.url, NO_PROXY: '127.0.0.1' });
    terminals.push(terminal);
    return terminal;
  }

  /** Runs an example in place of the shell, so that signals to the one reach the other. */
  function begin(command: string): Terminal {
    const terminal = open();
    terminal.begin(`exec node examples/${command}`);
    return terminal;
  }

  /** Waits for a line and returns what its parentheses hold. */
  async function says(terminal: Terminal, line: RegExp): Promise<string> {
    await terminal.show((output) => line.test(output));
    return line.exec(terminal.output)?.[1] ?? '';
  }

  it('are numbered, explained, and all run below', () => {
    const names = readdirSync(path.join(checkout, 'examples'));
    expect(names).toEqual(['01-put-get', '02-registry', '03-live-config']);
    expect(names.filter((name) => !existsSync(path.join(checkout, 'examples', name, 'README.md')))).toEqual([]);
  });

  it('01 puts, reads and watches', async () => {
    const terminal = open();
    await terminal.run('node examples/01-put-get/put-get.mjs');
    expect(terminal.output).toMatch(/^put at revision \d+\nread "hello", version 1\nsaw PUT examples\/greeting hello again\nsaw DELETE examples\/greeting\n$/);
  });

  it('02 finds its peer, both ways, and sees it go when it leaves and when it dies', async () => {
    const shop = begin('02-registry/service.mjs shop billing');
    const shopId = await says(shop, /^(shop-\d+): registered at 127\.0\.0\.1:\d+$/m);
    const billing = begin('02-registry/service.mjs billing shop');
    const billingId = await says(billing, /^(billing-\d+): registered/m);
    await says(billing, new RegExp(`^${billingId}: found ${shopId}: hello from ${shopId}$`, 'm'));
    await says(shop, new RegExp(`^${shopId}: found ${billingId}: hello from ${billingId}$`, 'm'));

    await shop.interrupt();
    expect(shop.output).toContain(`${shopId}: deregistered\n`);
    await says(billing, new RegExp(`^${billingId}: ${shopId} is gone$`, 'm'));

    const heir = begin('02-registry/service.mjs shop billing');
    const heirId = await says(heir, /^(shop-\d+): registered/m);
    await says(billing, new RegExp(`^${billingId}: found ${heirId}: hello`, 'm'));
    await says(heir, new RegExp(`^${heirId}: found ${billingId}: hello`, 'm'));
    const killedAt = Date.now();
    await billing.close();
    await says(heir, new RegExp(`^${heirId}: ${billingId} is gone$`, 'm'));
    expect(Date.now() - killedAt).toBeLessThan(TTL_MS + EXPIRY_SLACK_MS);
  }, 60_000);

  it('02 goes on by itself when the server comes back', async () => {
    const early = begin('02-registry/service.mjs early late');
    const earlyId = await says(early, /^(early-\d+): registered/m);
    await server.end('SIGKILL');
    server = await startQuorate({ dataDir: folder, port: Number(server.endpoint.split(':')[1]) });
    const late = begin('02-registry/service.mjs late early');
    const lateId = await says(late, /^(late-\d+): registered/m);
    await says(late, new RegExp(`^${lateId}: found ${earlyId}: hello`, 'm'));
    await says(early, new RegExp(`^${earlyId}: found ${lateId}: hello`, 'm'));
  }, 60_000);

  it('03 tells a subscriber every change, and after a break exactly what it missed', async () => {
    const publisher = open();
    const publish = (key: string, content: string): Promise<void> => publisher.run(`node examples/03-live-config/publish.mjs shop ${key} '${content}'`);
    await publish('banner', 'open');
    expect(publisher.output).toMatch(/^banner is version 1 at revision \d+\n$/);

    const subscriber = begin('03-live-config/subscriber.mjs shop');
    await says(subscriber, /^at revision \d+ there are 1\n {2}banner \(version 1\) is open$/m);
    await publish('banner', 'closed today');
    await says(subscriber, /^ {2}banner \(version 2\) is now closed today$/m);
    await subscriber.interrupt();
    const after = /^to go on from here: node examples\/03-live-config\/subscriber\.mjs shop --after (\d+)$/m.exec(subscriber.output)?.[1];

    for (let day = 1; day <= 5; day++) await publish('banner', `closed on day ${day}`);
    await publish('colour', 'red');
    const resumed = begin(`03-live-config/subscriber.mjs shop --after ${after}`);
    const missed = [1, 2, 3, 4, 5].map((day) => `  banner (version ${day + 2}) is now closed on day ${day}\n`).join('');
    await resumed.show((output) => output === `${missed}  colour (version 1) is now red\n`);
  }, 60_000);

  it('03 goes on by itself when the server comes back', async () => {
    const subscriber = begin('03-live-config/subscriber.mjs break');
    await says(subscriber, /^at revision \d+ there are 0$/m);
    const before = subscriber.output;
    await server.end('SIGKILL');
    server = await startQuorate({ dataDir: folder, port: Number(server.endpoint.split(':')[1]) });
    await open().run('node examples/03-live-config/publish.mjs break key after');
    await subscriber.show((output) => output === `${before}  key (version 1) is now after\n`);
  }, 60_000);
});
