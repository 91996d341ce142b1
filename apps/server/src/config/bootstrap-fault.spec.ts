import { bootstrapFault } from './bootstrap-fault';
import { parseServerConfig } from './parse-server-config';

async function faultOf(...args: readonly string[]): Promise<string | undefined> {
  const parsed = parseServerConfig(args, {});
  if (parsed.kind !== 'run') throw new Error(`expected a configuration: ${JSON.stringify(parsed)}`);
  return bootstrapFault(parsed.config);
}

describe('bootstrapFault', () => {
  it.each([
    [[]],
    [['--name=a']],
    [['--name=a', '--initial-advertise-peer-urls=http://127.0.0.1:1,http://127.0.0.1:2']],
    [['--initial-cluster=default=http://127.0.0.1:1', '--initial-advertise-peer-urls=http://127.0.0.1:1']],
    [['--initial-cluster=default=http://b.invalid:1', '--initial-advertise-peer-urls=http://b.invalid:1']],
  ])('lets a member begin with %j', async (args) => expect(await faultOf(...args)).toBeUndefined());

  it.each([
    [['--initial-cluster='], 'couldn\'t find local name "default" in the initial cluster configuration'],
    [['--name=', '--initial-cluster=b=http://a:1'], 'couldn\'t find local name "" in the initial cluster configuration'],
    [['--initial-cluster=default'], 'error setting up initial cluster: URL scheme must be http, https, unix, or unixs: '],
    [['--initial-cluster=default=http://a.invalid:1'], '--initial-cluster has default=http://a.invalid:1 but missing from --initial-advertise-peer-urls=http://localhost:2380'],
    [['--initial-cluster=default=http://localhost:2380,b=http://localhost:2380'], 'initial cluster default=http://localhost:2380,b=http://localhost:2380 has duplicate url'],
    [['--initial-cluster=default=http://localhost:2380,b=http://b.invalid:1'], '--initial-cluster names 2 members: clusters of several members are not supported yet'],
    [['--initial-cluster-state=existing'], '--initial-cluster-state=existing: joining a cluster is not supported yet'],
    [
      ['--initial-cluster=default=http://localhost:2380', '--initial-advertise-peer-urls=http://localhost:2380,http://localhost:2381'],
      '--initial-advertise-peer-urls has http://localhost:2381 but missing from --initial-cluster=default=http://localhost:2380',
    ],
  ])('refuses %j', async (args, fault) => expect(await faultOf(...args)).toBe(fault));
});
