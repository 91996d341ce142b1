import { type Instance, type List, type Service, sleep } from '@quorate/api';
import type { Command } from 'commander';
import { parseCount } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import { RestError } from '../rest-client';
import type { Session } from '../session';

interface RegisterOptions {
  readonly namespace: string;
  readonly address: string;
  readonly port: string;
  readonly ttl: string;
  readonly weight?: string;
  readonly zone?: string;
  readonly version?: string;
  readonly tag?: readonly string[];
  readonly meta?: readonly string[];
  readonly keep?: boolean;
}

interface NamespaceOptions {
  readonly namespace: string;
}

export function addService(program: Command, runner: CommandRunner): void {
  const service = program.command('service').description('services and their instances');
  const withNamespace = (command: Command): Command => command.option('-n, --namespace <name>', 'namespace', 'default');
  runner.add<RegisterOptions>(
    withNamespace(service.command('register <service> <id>').description('register an instance; with --keep, renew it until Ctrl-C and deregister it then'))
      .requiredOption('--address <address>', 'where it listens').requiredOption('--port <port>', 'on which port').option('--ttl <seconds>', 'how long it stays without being renewed', '15')
      .option('--weight <weight>', 'share of the load').option('--zone <zone>', 'where it runs').option('--version <version>', 'which release it is')
      .option('--tag <tags...>', 'tags').option('--meta <name=value...>', 'metadata').option('--keep', 'renew it until Ctrl-C'),
    (session, options, [name, id]) => register(session, options, ['registry', options.namespace, name as string, id as string]),
  );
  runner.add<NamespaceOptions>(withNamespace(service.command('list [service]').description('services, or the instances of one')), async (session, { namespace }, [name]) => {
    const answer = await session.rest('GET', ['registry', namespace, ...(name === undefined ? [] : [name])]);
    session.print(name === undefined ? servicesPresentation(JSON.parse(answer.body) as List<Service>) : instancesPresentation(JSON.parse(answer.body) as List<Instance>));
  });
  runner.add<NamespaceOptions & { readonly leaseId?: string }>(
    withNamespace(service.command('deregister <service> <id>').description('take an instance out')).option('--lease-id <id>', 'only this registration (decimal, as register printed it)'),
    async (session, { namespace, leaseId }, [name, id]) => {
      await session.rest('DELETE', ['registry', namespace, name as string, id as string], { query: { leaseId } });
      session.print({ simple: () => lines(`deregistered ${name ?? ''}/${id ?? ''}`), json: () => ({ namespace, service: name, id }) });
    },
  );
}

async function register(session: Session, options: RegisterOptions, path: readonly string[]): Promise<void> {
  const body = bodyOf(options);
  const once = async (): Promise<Instance> => JSON.parse((await session.rest('PUT', path, { body })).body) as Instance;
  let instance = await once();
  session.print(instancesPresentation({ items: [instance], revision: instance.revision }, instance));
  if (!options.keep) return;
  const clock = await session.clock();
  for (;;) {
    await sleep(clock, ((instance.ttlSeconds ?? 15) * 1000) / 3, session.signal).catch(() => undefined);
    if (session.signal.aborted) break;
    try {
      await session.rest('PUT', [...path, 'heartbeat'], { query: { leaseId: instance.leaseId } });
    } catch (error) {
      // Gone after a pause that was longer than its TTL: it comes back. Anything else that passes is tried again.
      if (error instanceof RestError && error.status === 404) instance = await once();
      else if (error instanceof RestError && error.status < 500) throw error;
    }
  }
  await session.rest('DELETE', path, { query: { leaseId: instance.leaseId } }, false);
}

function bodyOf({ address, port, ttl, weight, zone, version, tag, meta }: RegisterOptions): Record<string, unknown> {
  const metadata = (meta ?? []).map((entry) => {
    const at = entry.indexOf('=');
    if (at < 1) throw new CliError(`bad --meta "${entry}": expected name=value`, ExitCode.badArguments);
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  return {
    address, port: parseCount('--port', port), ttlSeconds: parseCount('--ttl', ttl), weight: weight === undefined ? undefined : Number(weight),
    zone, version, tags: tag, metadata: meta && Object.fromEntries(metadata),
  };
}

function servicesPresentation(list: List<Service>): Presentation {
  return {
    simple: () => lines(...list.items.map(({ service, instances }) => `${service}, ${instances}`)),
    json: () => list,
    table: () => ({ head: ['SERVICE', 'INSTANCES'], rows: list.items.map(({ service, instances }) => [service, `${instances}`]) }),
  };
}

/** @param alone shown by itself in JSON instead of as a list */
function instancesPresentation(list: List<Instance>, alone?: Instance): Presentation {
  const rows = list.items.map((instance) => [
    instance.id, portsOf(instance), instance.health, instance.zone ?? '', instance.version ?? '', `${instance.weight}`, instance.leaseId ?? '',
  ]);
  return {
    simple: () => lines(...rows.map((row) => row.join(', '))),
    json: () => alone ?? list,
    table: () => ({ head: ['ID', 'ADDRESS', 'HEALTH', 'ZONE', 'VERSION', 'WEIGHT', 'LEASE'], rows }),
  };
}

function portsOf({ address, port, ports }: Instance): string {
  if (port !== undefined) return `${address}:${port}`;
  return `${address} ${Object.entries(ports ?? {}).map(([name, number]) => `${name}:${number}`).join(' ')}`;
}
