import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { machineFacts } from './machine';
import { HELP, type Options, parseOptions, UsageError } from './options';
import { hasTrouble, renderReport, renderTables } from './report';
import { measureAll, stopGenerators } from './runner';
import { findExecutable, type ServerBinary, stopAllServers } from './servers';

const EXIT_TROUBLE = 1;
const EXIT_USAGE = 2;

/** Exit codes of a shell for a process ended by these signals. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs the command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { help, options } = parseOptions(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { binaries, notes } = findServers(options);
  if (options.endpoint === null && binaries.length === 0) throw new Error(notes.join('; '));
  // Minutes of measuring must not end in a report that cannot be written.
  closeSync(openSync(options.out, 'a'));
  const dataRoot = resolve(options.dataRoot ?? tmpdir());
  const facts = machineFacts(dataRoot, binaries);
  for (const note of notes) process.stderr.write(`bench: ${note}\n`);
  const measurements = await measureAll(options, binaries, dataRoot, (line) => process.stderr.write(`${line}\n`));
  const commandLine = ['npm run bench --', ...args].join(' ');
  await writeFile(
    options.out,
    renderReport(measurements, { options, facts, loadAfter: loadavg()[0], commandLine, notes }),
  );
  process.stdout.write(`\n${renderTables(measurements)}\nReport: ${options.out}\n`);
  return hasTrouble(measurements) ? EXIT_TROUBLE : 0;
}

/** The servers to measure, in the order in which they take turns, and what is to be said of the missing ones. */
function findServers(options: Options): { binaries: ServerBinary[]; notes: string[] } {
  const wanted = [
    { name: 'etcd' as const, path: options.etcdBinary },
    { name: 'quorate' as const, path: process.env['QUORATE_BIN'] ?? join(checkoutRoot(), 'bin', 'quorate') },
  ].filter(({ name }) => options.endpoint === null && (options.only ?? name) === name);
  const binaries: ServerBinary[] = [];
  const notes: string[] = [];
  for (const { name, path } of wanted) {
    const found = findExecutable(path);
    if (found === null) notes.push(`${name} is not measured: there is no executable ${path}`);
    else binaries.push({ name, path: resolve(found) });
  }
  return { binaries, notes };
}

/** The nearest folder above this file that is the project's, else the working directory. */
function checkoutRoot(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'quorate')
      return folder;
  }
  return process.cwd();
}

for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) {
  process.once(signal, () => {
    stopGenerators();
    void stopAllServers().finally(() => process.exit(code));
  });
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${message}${error instanceof UsageError ? ' (see --help)' : ''}\n`);
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_TROUBLE;
  },
);
