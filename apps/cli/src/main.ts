import { CommanderError } from 'commander';
import { ExitCode } from './cli-error';
import { CommandRunner } from './command-runner';
import { splitSwitches } from './global-options';
import { programOf } from './program';

/** Bad usage that etcdctl tells apart from failures. */
const BAD_ARGUMENTS: ReadonlySet<string> = new Set(['commander.missingArgument', 'commander.excessArguments', 'commander.invalidArgument']);

async function main(): Promise<void> {
  // A reader that has seen enough, as `head`, ends the command.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? ExitCode.ok : ExitCode.io));
  const runner = new CommandRunner(process.env);
  const { args, off } = splitSwitches(process.argv.slice(2));
  runner.off = off;
  try {
    await programOf(runner).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) runner.exitCode = BAD_ARGUMENTS.has(error.code) ? ExitCode.badArguments : error.exitCode;
    else runner.fail(error);
  }
  process.exitCode = runner.exitCode;
}

void main();
