import fs from 'node:fs';
import path from 'node:path';
import { startQuorate, temporaryDirectory } from '../support/server-process';

const DEFECTS: readonly (readonly [string, string])[] = [
  ['an error that nobody caught', "throw new Error('a defect')"],
  ['a rejection that nobody caught', "Promise.reject(new Error('a defect'))"],
];

test.each(DEFECTS)('%s ends the process, with its place in the log', async (_, defect) => {
  const directory = temporaryDirectory();
  try {
    const log = path.join(directory, 'log');
    const preload = path.join(directory, 'defect.cjs');
    fs.writeFileSync(preload, `process.once('SIGUSR2', () => { ${defect}; });`);
    const server = await startQuorate({
      dataDir: path.join(directory, 'data'), env: { NODE_OPTIONS: `--require=${preload}` }, flags: [`--log-outputs=stderr,${log}`],
    });
    expect(await server.end('SIGUSR2')).toEqual({ code: 2, signal: null });
    const lines = fs.readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-2)).toMatchObject({ level: 'error', stack: expect.stringContaining('defect.cjs') as string });
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', reason: 'a defect' });
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}, 90_000);
