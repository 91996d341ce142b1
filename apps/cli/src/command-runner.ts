import { ApiError } from '@quorate/api';
import type { Command } from 'commander';
import { CliError, ExitCode } from './cli-error';
import { globalOptionsOf } from './global-options';
import { Session } from './session';

/** What a command does; `args` are its positional arguments, absent ones `undefined`. */
export type CommandBody<Options> = (session: Session, options: Options, args: readonly (string | undefined)[]) => Promise<void>;

/** Runs commands: a session for each, its end by Ctrl-C, and the exit code of its failure. */
export class CommandRunner {
  /** Switches that were turned off by `=false`. */
  off: ReadonlySet<string> = new Set();
  exitCode: number = ExitCode.ok;

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  add<Options>(command: Command, body: CommandBody<Options>): Command {
    return command.action(async (...given: unknown[]) => {
      given.pop();
      const args = given.slice(0, -1) as (string | undefined)[];
      await this.run(command, (session) => body(session, command.opts() as Options, args.flat()));
    });
  }

  private async run(command: Command, body: (session: Session) => Promise<void>): Promise<void> {
    let session: Session | undefined;
    try {
      session = new Session(globalOptionsOf(command.optsWithGlobals(), this.off, this.env));
      const opened = session;
      process.once('SIGINT', () => opened.interrupt());
      process.once('SIGTERM', () => opened.interrupt());
      await body(session);
    } catch (error) {
      this.fail(error);
    } finally {
      session?.close();
    }
  }

  fail(error: unknown): void {
    const told = error instanceof CliError || error instanceof ApiError;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Error: ${told ? message : `unexpected: ${message}`}\n`);
    this.exitCode = error instanceof CliError ? error.exitCode : ExitCode.failed;
  }
}
