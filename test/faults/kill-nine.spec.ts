import { crashRounds } from './crash-rounds.testing';

jest.setTimeout(120_000);

test('eight rounds of load that kill -9 ends: nothing acknowledged is lost', async () => {
  const { rounds, acknowledged } = await crashRounds({ rounds: 8, seed: 20, signal: 'SIGKILL', loadMsMax: 300 });
  expect(rounds).toBe(8);
  expect(acknowledged).toBeGreaterThan(200);
});

test('a SIGTERM under load ends the process by that signal, with all that was acknowledged', async () => {
  const { rounds, acknowledged } = await crashRounds({ rounds: 3, seed: 21, signal: 'SIGTERM', loadMsMax: 300 });
  expect(rounds).toBe(3);
  expect(acknowledged).toBeGreaterThan(50);
});
