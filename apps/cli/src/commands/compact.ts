import type { Command } from 'commander';
import { parseCount } from '../arguments';
import type { CommandRunner } from '../command-runner';
import { lines } from '../output/presentation';
import { headerFields, headerJson } from '../output/store-forms';

export function addCompact(program: Command, runner: CommandRunner): void {
  const command = program.command('compact <revision>').alias('compaction').description('drop the history below a revision')
    .option('--physical', 'wait until it is gone from the store as well');
  runner.add<{ readonly physical?: boolean }>(command, async (session, { physical = false }, [text]) => {
    const revision = parseCount('revision', text as string);
    const { header } = await (await session.api()).compact({ revision, physical }, { signal: session.signal });
    session.print({
      simple: () => lines(`compacted revision ${revision}`), json: () => ({ header: headerJson(header) }), fields: () => headerFields(header),
    });
  });
}
