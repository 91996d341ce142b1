/** The configuration cannot be used. The message is one line for the operator, except that of a usage error. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(message: string, /** 2 where a flag cannot be read, 1 where what it says cannot be. */ readonly exitCode: 1 | 2 = 1) {
    super(message);
  }
}
