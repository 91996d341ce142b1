import {
  type LeaseGrantResponse, type LeaseKeepAliveResponse, type LeaseLeasesResponse, type LeaseTimeToLiveResponse, sleep, textOf,
} from '@quorate/api';
import type { Command } from 'commander';
import { parseCount, parseLeaseId } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import { headerFields, headerJson, keyJson, leaseIdText } from '../output/store-forms';

export function addLease(program: Command, runner: CommandRunner): void {
  const lease = program.command('lease').description('leases: keys that live as long as somebody renews them');
  runner.add<{ readonly id: string }>(
    lease.command('grant <ttl>').description('make a lease of so many seconds').option('--id <id>', 'with this id (hexadecimal)', '0'),
    async (session, options, [ttl]) => {
      const request = { ttlSeconds: parseCount('TTL', ttl as string), id: parseLeaseId(options.id) };
      session.print(grantPresentation(await (await session.api()).leaseGrant(request, { signal: session.signal })));
    },
  );
  runner.add(lease.command('revoke <id>').description('end a lease and delete its keys'), async (session, _options, [text]) => {
    const id = parseLeaseId(text as string);
    const { header } = await (await session.api()).leaseRevoke(id, { signal: session.signal });
    session.print({
      simple: () => lines(`lease ${leaseIdText(id)} revoked`), json: () => ({ header: headerJson(header) }), fields: () => headerFields(header),
    });
  });
  runner.add<{ readonly keys?: boolean }>(
    lease.command('timetolive <id>').description('what is left of a lease').option('--keys', 'and which keys hang on it'),
    async (session, { keys = false }, [text]) => {
      const response = await (await session.api()).leaseTimeToLive({ id: parseLeaseId(text as string), keys }, { signal: session.signal });
      session.print(timeToLivePresentation(response, keys));
    },
  );
  runner.add(lease.command('list').description('all leases'), async (session) => {
    session.print(listPresentation(await (await session.api()).leaseLeases({ signal: session.signal })));
  });
  addKeepAlive(lease, runner);
}

function addKeepAlive(lease: Command, runner: CommandRunner): void {
  const command = lease.command('keep-alive <id>').description('renew a lease, again and again until Ctrl-C').option('--once', 'renew it once');
  runner.add<{ readonly once?: boolean }>(command, async (session, { once = false }, [text]) => {
    const id = parseLeaseId(text as string);
    const api = await session.api();
    const clock = await session.clock();
    while (!session.signal.aborted) {
      const response = await api.leaseKeepAlive(id, { signal: session.signal });
      if (response.ttlSeconds <= 0) throw new CliError(`lease ${leaseIdText(id)} expired or revoked`, once ? ExitCode.badConnection : ExitCode.failed);
      session.print(keepAlivePresentation(response));
      if (once) return;
      await sleep(clock, (response.ttlSeconds * 1000) / 3, session.signal).catch(() => undefined);
    }
  });
}

function grantPresentation({ header, id, ttlSeconds }: LeaseGrantResponse): Presentation {
  return {
    simple: () => lines(`lease ${leaseIdText(id)} granted with TTL(${ttlSeconds}s)`),
    json: () => ({ ...headerJson(header), ID: id, TTL: ttlSeconds, Error: '' }),
    fields: () => [...headerFields(header), ['ID', id], ['TTL', ttlSeconds]],
    table: () => ({ head: ['ID', 'TTL'], rows: [[leaseIdText(id), `${ttlSeconds}`]] }),
  };
}

function keepAlivePresentation({ header, id, ttlSeconds }: LeaseKeepAliveResponse): Presentation {
  return {
    simple: () => lines(`lease ${leaseIdText(id)} keepalived with TTL(${ttlSeconds})`),
    json: () => ({ ...headerJson(header), ID: id, TTL: ttlSeconds }),
    fields: () => [...headerFields(header), ['ID', id], ['TTL', ttlSeconds]],
  };
}

function timeToLivePresentation(response: LeaseTimeToLiveResponse, withKeys: boolean): Presentation {
  const { header, id, ttlSeconds, grantedTtlSeconds, keys } = response;
  const remaining = ttlSeconds < 0 ? 'expired' : `${ttlSeconds}s`;
  const attached = withKeys ? `, attached keys([${keys.map(textOf).join(' ')}])` : '';
  return {
    simple: () => (ttlSeconds < 0
      ? lines(`lease ${leaseIdText(id)} already expired`)
      : lines(`lease ${leaseIdText(id)} granted with TTL(${grantedTtlSeconds}s), remaining(${remaining})${attached}`)),
    json: () => ({ ...headerJson(header), id, ttl: ttlSeconds, 'granted-ttl': grantedTtlSeconds, keys: withKeys ? keys.map(keyJson) : null }),
    fields: () => [
      ...headerFields(header), ['ID', id], ['TTL', ttlSeconds], ['GrantedTTL', grantedTtlSeconds], ...keys.map((key) => ['Key', key] as const),
    ],
    table: () => ({
      head: ['ID', 'GRANTED', 'REMAINING', 'KEYS'], rows: [[leaseIdText(id), `${grantedTtlSeconds}s`, remaining, keys.map(textOf).join(' ')]],
    }),
  };
}

function listPresentation({ header, ids }: LeaseLeasesResponse): Presentation {
  return {
    simple: () => lines(`found ${ids.length} leases`, ...ids.map(leaseIdText)),
    json: () => ({ ...headerJson(header), leases: ids.map((id) => ({ id })) }),
    fields: () => [...headerFields(header), ...ids.map((id) => ['ID', id] as const)],
    table: () => ({ head: ['ID'], rows: ids.map((id) => [leaseIdText(id)]) }),
  };
}
