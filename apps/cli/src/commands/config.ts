import fs from 'node:fs/promises';
import { byteStringOf, type ConfigItem, type ConfigRelease, type List, type PublishResult } from '@quorate/api';
import type { Command } from 'commander';
import { parseCount } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import { RestError } from '../rest-client';
import type { Session } from '../session';

interface NamespaceOptions {
  readonly namespace: string;
}

interface PublishOptions extends NamespaceOptions {
  readonly format?: string;
  readonly comment?: string;
  readonly expectedVersion?: string;
}

/** How long one long poll waits. */
const WAIT_SECONDS = 50;

export function addConfig(program: Command, runner: CommandRunner): void {
  const config = program.command('config').description('configurations and their releases');
  const command = (usage: string, description: string): Command =>
    config.command(usage).description(description).option('-n, --namespace <name>', 'namespace', 'default');
  const pathOf = ({ namespace }: NamespaceOptions, [group, key]: readonly (string | undefined)[]): string[] => ['configs', namespace, group as string, key as string];

  runner.add<NamespaceOptions>(command('get <group> <key>', 'print what is in force'), async (session, options, args) => {
    session.print(itemPresentation(JSON.parse((await session.rest('GET', pathOf(options, args))).body) as ConfigItem));
  });
  runner.add<PublishOptions>(
    command('publish <group> <key> [file]', 'publish a release; without a file, or with "-", from the standard input')
      .option('--format <format>', 'text, json, yaml, toml, properties or xml; by the name of the file where it is not given')
      .option('--comment <text>', 'why').option('--expected-version <version>', 'only where this version is in force (0: none)'),
    async (session, options, args) => {
      const [, , file] = args;
      const content = (file === undefined || file === '-' ? await session.readInput() : await readFile(file)).toString('utf8');
      const { comment, expectedVersion } = options;
      const body = {
        content, comment, format: options.format ?? formatOf(file) ?? formatOf(args[1]),
        expectedVersion: expectedVersion === undefined ? undefined : parseCount('--expected-version', expectedVersion),
      };
      const result = JSON.parse((await session.rest('PUT', pathOf(options, args), { body })).body) as PublishResult;
      session.print({ simple: () => lines(`published version ${result.version}`), json: () => result });
    },
  );
  runner.add<NamespaceOptions>(command('history <group> <key>', 'releases, newest first'), async (session, options, args) => {
    session.print(historyPresentation(JSON.parse((await session.rest('GET', [...pathOf(options, args), 'history'])).body) as List<ConfigRelease>));
  });
  runner.add<NamespaceOptions>(command('watch <group> <key>', 'print what is in force, and every version that follows, until Ctrl-C'), (session, options, args) =>
    watch(session, pathOf(options, args)));
}

/** Long polls; a configuration that is not there is waited for. */
async function watch(session: Session, path: readonly string[]): Promise<void> {
  let afterRevision: string | undefined;
  let shown = 0;
  while (!session.signal.aborted) {
    try {
      const query = afterRevision === undefined ? {} : { afterRevision, waitSeconds: WAIT_SECONDS };
      const answer = await session.rest('GET', path, { query, timeoutMs: (WAIT_SECONDS + 10) * 1000 });
      const item = JSON.parse(answer.body) as ConfigItem;
      if (item.version !== shown) session.print(itemPresentation(item));
      shown = item.version;
      afterRevision = answer.revision;
    } catch (error) {
      if (session.signal.aborted) return;
      if (!(error instanceof RestError)) throw error;
      // 410: the history in between is gone; the present state is read afresh.
      if (error.status === 410) afterRevision = undefined;
      else if (error.status === 404 && error.revision !== '0') afterRevision = error.revision;
      else throw error;
    }
  }
}

function itemPresentation(item: ConfigItem): Presentation {
  const { content, format, version, publishedAt, publishedBy } = item;
  return {
    simple: () => byteStringOf(content.endsWith('\n') ? content : `${content}\n`),
    json: () => item,
    table: () => ({ head: ['VERSION', 'FORMAT', 'PUBLISHED', 'BY', 'MD5'], rows: [[`${version}`, format, publishedAt, publishedBy, item.md5]] }),
  };
}

function historyPresentation(list: List<ConfigRelease>): Presentation {
  const rows = list.items.map(({ version, type, publishedAt, publishedBy, comment = '' }) => [`${version}`, type, publishedAt, publishedBy, comment]);
  return {
    simple: () => lines(...rows.map((row) => row.join(', '))),
    json: () => list,
    table: () => ({ head: ['VERSION', 'TYPE', 'PUBLISHED', 'BY', 'COMMENT'], rows }),
  };
}

const FORMATS: Readonly<Record<string, string>> = { json: 'json', yaml: 'yaml', yml: 'yaml', toml: 'toml', properties: 'properties', xml: 'xml' };

function formatOf(name: string | undefined): string | undefined {
  return FORMATS[/\.([a-z]+)$/.exec(name ?? '')?.[1] ?? ''];
}

async function readFile(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    throw new CliError(`cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, ExitCode.io);
  }
}
