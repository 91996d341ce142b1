import { parseArgs } from 'node:util';
import { crashRounds } from './crash-rounds.testing';

/** `npm run faults -- --rounds 100 --seed 1 [--signal SIGTERM]`: the long version of the suites beside this file; needs a build. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' }, signal: { type: 'string', default: 'SIGKILL' } },
  });
  const signal = values.signal === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL';
  const report = await crashRounds({
    rounds: Number(values.rounds), seed: Number(values.seed), signal,
    onRound: (round, { acknowledged, inDoubt, revision }) => {
      process.stdout.write(`round ${round}: ${acknowledged} changes acknowledged, ${inDoubt} in doubt, revision ${revision}, none lost\n`);
    },
  });
  const { rounds, acknowledged, inDoubt, revision, longestStartMs } = report;
  process.stdout.write(
    `${rounds} rounds ended by ${signal}, seed ${values.seed}: ${acknowledged} acknowledged changes, 0 lost; ${inDoubt} in doubt; `
    + `revision ${revision}; the longest start took ${Math.round(longestStartMs)} ms\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
