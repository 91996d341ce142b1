import { lookup } from 'node:dns/promises';
import { ValueError } from './go-values';
import { parseInitialCluster } from './initial-cluster';
import { type ServerConfig } from './server-config';

/**
 * Why a member without data must not begin with this configuration; undefined when it may. Host names count as equal
 * when they resolve to the same address. Not to be asked of a member that has data: there the flags mean nothing.
 */
export async function bootstrapFault(config: ServerConfig): Promise<string | undefined> {
  let members: ReturnType<typeof parseInitialCluster>;
  try {
    members = parseInitialCluster(config.initialClusterText);
  } catch (error) {
    if (error instanceof ValueError) return `error setting up initial cluster: ${error.message}`;
    throw error;
  }
  const self = members.find(({ name }) => name === config.name);
  if (self === undefined) return `couldn't find local name "${config.name}" in the initial cluster configuration`;
  const peerUrls = members.flatMap((member) => member.peerUrls);
  if (new Set(peerUrls).size !== peerUrls.length) return `initial cluster ${config.initialClusterText} has duplicate url`;
  const mismatch = await urlMismatch(self.name, self.peerUrls, config.initialAdvertisePeerUrls);
  if (mismatch !== undefined) return mismatch;
  if (config.initialClusterState === 'existing') return '--initial-cluster-state=existing: joining a cluster is not supported yet';
  if (members.length > 1) return `--initial-cluster names ${members.length} members: clusters of several members are not supported yet`;
  return undefined;
}

async function urlMismatch(name: string, clusterUrls: readonly string[], advertised: readonly string[]): Promise<string | undefined> {
  const inCluster = await Promise.all(clusterUrls.map(resolved));
  const inAdvertised = await Promise.all(advertised.map(resolved));
  const extra = clusterUrls.filter((_, at) => !inAdvertised.includes(inCluster[at] ?? ''));
  const missing = advertised.filter((_, at) => !inCluster.includes(inAdvertised[at] ?? ''));
  if (extra.length === 0 && missing.length === 0) return undefined;
  const [flag, rows] = extra.length > 0
    ? ['--initial-cluster', extra.map((url) => `${name}=${url}`)]
    : ['--initial-advertise-peer-urls', missing];
  return extra.length > 0
    ? `${flag} has ${rows.join(',')} but missing from --initial-advertise-peer-urls=${advertised.join(',')}`
    : `${flag} has ${rows.join(',')} but missing from --initial-cluster=${clusterUrls.map((url) => `${name}=${url}`).join(',')}`;
}

async function resolved(url: string): Promise<string> {
  const match = /^([a-z]+:\/\/)(\[[^\]]*\]|[^:]*)(:[0-9]+)$/.exec(url);
  if (match === null) return url;
  const [, scheme, host = '', port] = match;
  if (host === 'localhost') return `${scheme}127.0.0.1${port}`;
  try {
    return `${scheme}${(await lookup(host.replace(/^\[|\]$/g, ''))).address}${port}`;
  } catch {
    return url;
  }
}
