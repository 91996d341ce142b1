import 'reflect-metadata';
import { parseServerConfig } from './config/parse-server-config';
import type { ServerConfig } from './config/server-config';
import { versionText } from './config/version';
import { JsonLogger } from '@quorate/runtime';
import { Server } from './server';

/** The member found that it cannot go on: a log or store that cannot be written, a broken invariant. */
const EXIT_FAILED = 2;

async function main(): Promise<void> {
  const parsed = parseServerConfig(process.argv.slice(2), process.env);
  switch (parsed.kind) {
    case 'version': return print(versionText());
    case 'help': return print(parsed.text);
    case 'error':
      process.stderr.write(`${parsed.message}\n`);
      process.exitCode = parsed.exitCode;
      return;
    case 'run': return run(parsed.config, parsed.warnings);
  }
}

async function run(config: ServerConfig, warnings: readonly string[]): Promise<void> {
  const logger = openLog(config);
  if (!logger) return;
  for (const warning of warnings) logger.warn(warning);
  const failed = (error: Error): void => {
    logger.fatal('the process ends', { reason: error.message });
    process.exit(EXIT_FAILED);
  };
  // Errors and rejections that nobody caught: after them the state of the process is anybody's guess.
  process.on('uncaughtException', (error) => {
    logger.error('an error that nobody caught', { stack: error instanceof Error ? error.stack : String(error) });
    failed(error);
  });
  try {
    const server = await Server.start(config, logger, failed);
    stopOnSignals(server, logger, failed);
  } catch (error) {
    logger.fatal((error as Error).message);
    process.exit(1);
  }
}

/** `undefined`: an output cannot be opened, and the process ends. */
function openLog(config: ServerConfig): JsonLogger | undefined {
  try {
    return JsonLogger.open({ level: config.logLevel, format: config.logFormat, outputs: config.logOutputs });
  } catch (error) {
    process.stderr.write(`quorate: ${(error as Error).message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

/** Stops once, however many signals come, and then ends by the signal itself, as etcd does. */
function stopOnSignals(server: Server, logger: JsonLogger, failed: (error: Error) => void): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info('received signal; shutting down', { signal });
    server.stop().then(() => {
      process.removeAllListeners(signal);
      // A process that a signal ends runs no exit handlers.
      logger.close();
      process.kill(process.pid, signal);
    }, failed);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

void main();
