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
  const rows = (urls: readonly string[]): string => urls.map((url) => `${name}=${url}`).join(',');
  const extra = clusterUrls.filter((_, at) => !inAdvertised.includes(inCluster[at] ?? ''));
  if (extra.length > 0) return `--initial-cluster has ${rows(extra)} but missing from --initial-advertise-peer-urls=${advertised.join(',')}`;
  const missing = advertised.filter((_, at) => !inCluster.includes(inAdvertised[at] ?? ''));
  if (missing.length > 0) return `--initial-advertise-peer-urls has ${missing.join(',')} but missing from --initial-cluster=${rows(clusterUrls)}`;
  return undefined;
}

/** With the address in place of the host name. `localhost` stays what it is, as in etcd. */
async function resolved(url: string): Promise<string> {
  const [, scheme = '', host = '', port = ''] = /^(https?:\/\/)([^[:]+)(:[0-9]+)$/.exec(url) ?? [];
  if (host === '' || host === 'localhost') return url;
  try {
    return `${scheme}${(await lookup(host)).address}${port}`;
  } catch {
    return url;
  }
}
