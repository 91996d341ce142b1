import { Command } from 'commander';
import type { CommandRunner } from './command-runner';
import { addCompact } from './commands/compact';
import { addConfig } from './commands/config';
import { addDel } from './commands/del';
import { addEndpoint } from './commands/endpoint';
import { addGet } from './commands/get';
import { addLease } from './commands/lease';
import { addMember } from './commands/member';
import { addPut } from './commands/put';
import { addService } from './commands/service';
import { addSnapshot } from './commands/snapshot';
import { addTxn } from './commands/txn';
import { addVersion } from './commands/version';
import { addWatch } from './commands/watch';
import { addGlobalOptions } from './global-options';

/** The command line: every command with its flags and help. */
export function programOf(runner: CommandRunner): Command {
  const program = new Command('quorate');
  program.description('command line of Quorate and of any etcd; `quorate serve` runs a member')
    .exitOverride().showSuggestionAfterError(true).helpCommand('help [command]', 'help for a command')
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) });
  addGlobalOptions(program);
  const commands = [addGet, addPut, addDel, addWatch, addTxn, addCompact, addLease, addMember, addEndpoint, addSnapshot, addService, addConfig, addVersion];
  for (const add of commands) add(program, runner);
  return program;
}

/** `Error: what (a suggestion)` on one line. */
function oneLine(text: string): string {
  return `${text.trim().replace(/^error: /, 'Error: ').replaceAll('\n', ' ')}\n`;
}
