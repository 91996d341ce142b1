import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describeWith } from '../support/foreign-tools';
import { type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';
import { Terminal } from './terminal.testing';
import { isShown, tourOf, type TourStep } from './tour.testing';

const checkout = path.resolve(__dirname, '../..');
const POLL_MS = 20;

/** Where the pages say that a member is. */
const DEFAULT_ENDPOINT = /localhost:2379/g;

describeWith(['etcdctl', 'curl'], 'the tour in README.md', () => {
  let folder: string;
  let server: ServerProcess;
  const terminals = new Map<number, Terminal>();
  /** Terminals whose last block goes on beside the others. */
  const running = new Set<number>();

  beforeAll(async () => {
    folder = temporaryDirectory();
    mkdirSync(path.join(folder, 'checkout'));
    symlinkSync(path.join(checkout, 'examples'), path.join(folder, 'checkout/examples'));
    server = await startQuorate({ dataDir: path.join(folder, 'data') });
  }, 70_000);

  afterAll(async () => {
    for (const terminal of terminals.values()) await terminal.close();
    await server?.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('does what the page says', async () => {
    for (const step of tourOf(readFileSync(path.join(checkout, 'README.md'), 'utf8'))) {
      await take(step).catch((error: Error) => { throw new Error(`README.md, line ${step.line}: ${error.message}`); });
    }
  }, 150_000);

  async function take(step: TourStep): Promise<void> {
    switch (step.kind) {
      case 'restart':
        await server.end('SIGTERM');
        server = await startQuorate({ dataDir: server.dataDir, port: Number(server.endpoint.split(':')[1]) });
        return;
      case 'interrupt':
        return terminalOf(step.terminal).interrupt();
      case 'run':
        return step.terminal === 1 ? terminalOf(1).run(asHere(step.script)) : beginBeside(step.terminal, asHere(step.script));
      case 'shown': {
        const terminal = terminalOf(step.terminal);
        if (running.has(step.terminal)) return terminal.show((output) => isShown(step.expected, output));
        if (!isShown(step.expected, terminal.output)) throw new Error(`the page shows\n${step.expected}\nbut there was\n${terminal.all}`);
      }
    }
  }

  /** Begins what goes on in a terminal of its own, and waits until it has said something or watches. */
  async function beginBeside(number: number, script: string): Promise<void> {
    await terminals.get(number)?.close();
    terminals.delete(number);
    const terminal = terminalOf(number);
    // What was closed just now may still be counted.
    let least = await watchers();
    terminal.begin(script);
    running.add(number);
    for (let count = least; terminal.output === '' && count <= least; count = await watchers()) {
      least = Math.min(least, count);
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  }

  function terminalOf(number: number): Terminal {
    const known = terminals.get(number);
    if (known) return known;
    const env = { ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: server.endpoint, QUORATE_URL: server.url, NO_PROXY: '127.0.0.1', TMPDIR: folder };
    const terminal = new Terminal(path.join(folder, 'checkout'), env);
    terminals.set(number, terminal);
    return terminal;
  }

  function asHere(script: string): string {
    return script.replace(DEFAULT_ENDPOINT, server.endpoint);
  }

  async function watchers(): Promise<number> {
    const metrics = await fetch(`${server.url}/metrics`).then((response) => response.text());
    const [, count] = /^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(metrics) ?? [];
    if (count === undefined) throw new Error('/metrics does not tell how many watchers there are');
    return Number(count);
  }
});
