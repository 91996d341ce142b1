import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner';
import { lines } from '../output/presentation';
import { packageVersion } from '../package-version';

/** The etcd API that the client speaks. */
const API_VERSION = '3.6';

export function addVersion(program: Command, runner: CommandRunner): void {
  runner.add(program.command('version').description('of this command line'), async (session) => {
    const version = packageVersion();
    session.print({
      simple: () => lines(`quorate version: ${version}`, `API version: ${API_VERSION}`),
      json: () => ({ version, apiVersion: API_VERSION }),
      table: () => ({ head: ['VERSION', 'API VERSION'], rows: [[version, API_VERSION]] }),
      fields: () => [['Version', version], ['APIVersion', API_VERSION]],
    });
  });
}
