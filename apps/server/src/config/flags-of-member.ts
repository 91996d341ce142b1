import { UINT32_MAX } from './go-values';
import { type Flag } from './flag';

const used = { kind: 'used' } as const;
const moot = { kind: 'moot' } as const;
const noPeers = { kind: 'warned', because: 'a cluster of one member has no peers' } as const;

const member = { section: 'Member', effect: used } as const;
const clustering = { section: 'Clustering', effect: used } as const;
const discovery = {
  section: 'Clustering', kind: 'string', defaultText: '', effect: { kind: 'refused', because: 'discovery is not supported yet' },
} as const;
const discoveryDetail = { section: 'Clustering', effect: { kind: 'warned', because: 'discovery is not supported yet' } } as const;

/** The member itself: names, directories, addresses, timing, limits. */
export const memberFlags: readonly Flag[] = [
  { ...member, name: 'name', kind: 'string', defaultText: 'default', help: 'Human-readable name for this member.' },
  { ...member, name: 'data-dir', kind: 'string', defaultText: '${name}.etcd', help: 'Path to the data directory.' },
  { ...member, name: 'wal-dir', kind: 'string', defaultText: '', help: 'Path to a directory for the write-ahead log alone; empty: inside the data directory.' },
  { ...member, name: 'snapshot-count', kind: 'uint', defaultText: '10000', help: 'Applied entries between two checkpoints, after which the log is trimmed.' },
  { ...member, name: 'snapshot-catchup-entries', kind: 'uint', defaultText: '5000', help: 'Entries kept in the log below the last checkpoint, for members that fell behind.' },
  { ...member, name: 'heartbeat-interval', kind: 'uint', defaultText: '100', help: 'Time of a heartbeat interval, in milliseconds.' },
  { ...member, name: 'election-timeout', kind: 'uint', defaultText: '1000', help: 'Time without a leader until an election, in milliseconds; at least five heartbeats.' },
  { ...member, name: 'initial-election-tick-advance', kind: 'boolean', defaultText: 'true', help: 'Shorten the first election after a start.', effect: noPeers },
  { ...member, name: 'listen-peer-urls', kind: 'urls', defaultText: 'http://localhost:2380', help: 'URLs to listen on for peers: IP addresses or localhost.' },
  { ...member, name: 'listen-client-urls', kind: 'urls', defaultText: 'http://localhost:2379', help: 'URLs to listen on for clients: IP addresses or localhost.' },
  { ...member, name: 'listen-client-http-urls', kind: 'urls', defaultText: '', help: 'URLs for HTTP/1.1 alone; the client URLs then carry gRPC only.' },
  { ...member, name: 'max-snapshots', kind: 'uint', defaultText: '5', help: 'Snapshot files to keep.', effect: { kind: 'warned', because: 'one store is kept, not a row of snapshot files' } },
  { ...member, name: 'max-wals', kind: 'uint', defaultText: '5', help: 'Log files to keep.', effect: { kind: 'warned', because: 'segments of the log are removed as soon as nothing needs them' } },
  { ...member, name: 'quota-backend-bytes', kind: 'int', defaultText: '0', help: 'Size of the store that raises the alarm NOSPACE; 0: 2 GiB, negative: no quota.' },
  { ...member, name: 'backend-bbolt-freelist-type', kind: 'string', defaultText: 'map', help: "Free list of etcd's own store.", effect: { kind: 'warned', because: 'the store is SQLite' } },
  { ...member, name: 'backend-batch-interval', kind: 'duration', defaultText: '0s', help: 'Longest time that applied changes wait for a transaction of the store; 0: 100ms.' },
  { ...member, name: 'backend-batch-limit', kind: 'int', defaultText: '0', help: 'Changes that end a transaction of the store early.', effect: { kind: 'warned', because: 'batches are bounded by time and bytes' } },
  { ...member, name: 'max-txn-ops', kind: 'uint', defaultText: '128', help: 'Operations permitted in a transaction.' },
  { ...member, name: 'max-request-bytes', kind: 'uint', defaultText: '1572864', help: 'Size of a client request that is accepted, in bytes.' },
  { ...member, name: 'max-concurrent-streams', kind: 'uint32', defaultText: String(UINT32_MAX), help: 'Streams that a client connection may have open at a time.' },
  { ...member, name: 'enable-grpc-gateway', kind: 'boolean', defaultText: 'true', help: 'Serve the JSON gateway under /v3/.' },
  { ...member, name: 'grpc-keepalive-min-time', kind: 'duration', defaultText: '5s', help: 'Shortest time between two pings of a client; 0: 5m.' },
  { ...member, name: 'grpc-keepalive-interval', kind: 'duration', defaultText: '2h0m0s', help: 'Silence after which a client is pinged, at least 1s; 0: the default.' },
  { ...member, name: 'grpc-keepalive-timeout', kind: 'duration', defaultText: '20s', help: 'Time until an unanswered ping closes the connection; 0: the default.' },
  { ...member, name: 'socket-reuse-port', kind: 'boolean', defaultText: 'false', help: 'Listen with SO_REUSEPORT.', effect: { kind: 'warned', because: 'ports are never shared' }, fileKey: ['socket-options', 'reuse-port'] },
  { ...member, name: 'socket-reuse-address', kind: 'boolean', defaultText: 'false', help: 'Listen with SO_REUSEADDR.', effect: moot, fileKey: ['socket-options', 'reuse-address'] },
  { ...member, name: 'raft-read-timeout', kind: 'duration', defaultText: '5s', help: 'Read timeout of peer connections.', effect: noPeers, fileKey: null },
  { ...member, name: 'raft-write-timeout', kind: 'duration', defaultText: '5s', help: 'Write timeout of peer connections.', effect: noPeers, fileKey: null },
];

/** How the cluster comes together. */
export const clusteringFlags: readonly Flag[] = [
  { ...clustering, name: 'initial-advertise-peer-urls', kind: 'urls', defaultText: 'http://localhost:2380', help: "This member's peer URLs, as told to the rest of the cluster." },
  { ...clustering, name: 'initial-cluster', kind: 'string', defaultText: '${name}=http://localhost:2380', help: 'The members of a new cluster: name=url,name=url; a name with several URLs is repeated.' },
  { ...clustering, name: 'initial-cluster-state', kind: 'choice', choices: ['new', 'existing'], defaultText: 'new', help: "'new' for a new cluster, 'existing' to join one. Means nothing once there is data." },
  { ...clustering, name: 'initial-cluster-token', kind: 'string', defaultText: 'etcd-cluster', help: 'Mixed into the ids of a new cluster and its members, so that two clusters never mistake each other.' },
  { ...clustering, name: 'advertise-client-urls', kind: 'urls', defaultText: 'http://localhost:2379', help: "This member's client URLs, as told to clients; needed where --listen-client-urls is set." },
  { ...discovery, name: 'discovery-srv', help: 'DNS domain that names the members of a new cluster.' },
  { ...discovery, name: 'discovery-srv-name', help: 'Suffix of the DNS service name.' },
  { ...discovery, name: 'discovery-endpoints', kind: 'strings', help: 'Endpoints of the etcd cluster that keeps the discovery.', fileKey: ['discovery-config', 'endpoints'] },
  { ...discovery, name: 'discovery-token', help: 'Token of the cluster to discover.', fileKey: ['discovery-config', 'token'] },
  { ...discoveryDetail, name: 'discovery-dial-timeout', kind: 'duration', defaultText: '2s', help: 'Discovery: dial timeout.', fileKey: ['discovery-config', 'dial-timeout'] },
  { ...discoveryDetail, name: 'discovery-request-timeout', kind: 'duration', defaultText: '5s', help: 'Discovery: request timeout.', fileKey: ['discovery-config', 'request-timeout'] },
  { ...discoveryDetail, name: 'discovery-keepalive-time', kind: 'duration', defaultText: '2s', help: 'Discovery: keep-alive time.', fileKey: ['discovery-config', 'keepalive-time'] },
  { ...discoveryDetail, name: 'discovery-keepalive-timeout', kind: 'duration', defaultText: '6s', help: 'Discovery: keep-alive timeout.', fileKey: ['discovery-config', 'keepalive-timeout'] },
  { ...discoveryDetail, name: 'discovery-insecure-transport', kind: 'boolean', defaultText: 'true', help: 'Discovery: no TLS.', fileKey: ['discovery-config', 'insecure-transport'] },
  { ...discoveryDetail, name: 'discovery-insecure-skip-tls-verify', kind: 'boolean', defaultText: 'false', help: 'Discovery: accept any certificate.', fileKey: ['discovery-config', 'insecure-skip-verify'] },
  { ...discoveryDetail, name: 'discovery-cert', kind: 'string', defaultText: '', help: 'Discovery: client certificate.', fileKey: ['discovery-config', 'cert'] },
  { ...discoveryDetail, name: 'discovery-key', kind: 'string', defaultText: '', help: 'Discovery: key of the client certificate.', fileKey: ['discovery-config', 'key'] },
  { ...discoveryDetail, name: 'discovery-cacert', kind: 'string', defaultText: '', help: 'Discovery: certificates of trusted authorities.', fileKey: ['discovery-config', 'cacert'] },
  { ...discoveryDetail, name: 'discovery-user', kind: 'string', defaultText: '', help: 'Discovery: user name, with the password after a colon.', fileKey: ['discovery-config', 'user'] },
  { ...discoveryDetail, name: 'discovery-password', kind: 'string', defaultText: '', help: 'Discovery: password.', fileKey: ['discovery-config', 'password'] },
  { ...clustering, name: 'strict-reconfig-check', kind: 'boolean', defaultText: 'true', help: 'Refuse membership changes that would lose the quorum.', effect: { kind: 'warned', because: 'such changes are always refused' } },
  { ...clustering, name: 'pre-vote', kind: 'boolean', defaultText: 'true', help: 'Ask before an election, so that a member that was cut off disturbs nobody.', effect: { kind: 'warned', because: 'it is always on' } },
  { ...clustering, name: 'auto-compaction-mode', kind: 'string', defaultText: 'periodic', help: "'periodic': keep the history of a time; 'revision': keep a number of revisions." },
  { ...clustering, name: 'auto-compaction-retention', kind: 'string', defaultText: '0', help: 'What to keep: a duration (a bare number means hours) or a number of revisions; 0: no compaction.' },
  { ...clustering, name: 'max-learners', kind: 'int', defaultText: '1', help: 'Learners that the cluster may have.', effect: noPeers },
  { ...clustering, name: 'v2-deprecation', kind: 'choice', choices: ['write-only', 'write-only-drop-data', 'gone'], defaultText: 'write-only', help: "Stage of the removal of etcd's v2 store.", effect: moot },
];
