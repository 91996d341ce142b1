/** Exit codes, as etcdctl has them. */
export const ExitCode = { ok: 0, failed: 1, badConnection: 2, badInput: 3, badFeature: 4, interrupted: 5, io: 6, badArguments: 128 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What a command ends with when it cannot do what it was asked; printed as one line. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(message: string, readonly exitCode: ExitCode = ExitCode.failed) {
    super(message);
  }
}
