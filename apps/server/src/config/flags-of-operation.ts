import { type Flag } from './flag';

const used = { kind: 'used' } as const;
const moot = { kind: 'moot' } as const;
const refused = (because: string): Flag['effect'] => ({ kind: 'refused', because });
const warned = (because: string): Flag['effect'] => ({ kind: 'warned', because });

const clientTls = 'client-transport-security';
const peerTls = 'peer-transport-security';
const noPeerTls = refused('TLS between peers is not supported yet');
const noPeers = warned('a cluster of one member has no peers to compare with');
const noTracing = refused('distributed tracing is not supported yet');
const noAuth = warned('authentication is not supported yet');

/** TLS, origins and hosts. */
export const securityFlags: readonly Flag[] = ([
  { name: 'cert-file', kind: 'string', defaultText: '', help: 'Certificate of the client port.', effect: used, fileKey: [clientTls, 'cert-file'] },
  { name: 'key-file', kind: 'string', defaultText: '', help: 'Key of the certificate of the client port.', effect: used, fileKey: [clientTls, 'key-file'] },
  { name: 'trusted-ca-file', kind: 'string', defaultText: '', help: 'Authorities that clients’ certificates are checked against; asks clients for one.', effect: used, fileKey: [clientTls, 'trusted-ca-file'] },
  { name: 'client-cert-auth', kind: 'boolean', defaultText: 'false', help: 'Accept only clients with a valid certificate.', effect: used, fileKey: [clientTls, 'client-cert-auth'] },
  { name: 'client-cert-file', kind: 'string', defaultText: '', help: "Certificate of the server's own requests to itself.", effect: warned('the server sends itself no requests'), fileKey: [clientTls, 'client-cert-file'] },
  { name: 'client-key-file', kind: 'string', defaultText: '', help: 'Key of that certificate.', effect: warned('the server sends itself no requests'), fileKey: [clientTls, 'client-key-file'] },
  { name: 'client-crl-file', kind: 'string', defaultText: '', help: 'Revoked client certificates.', effect: refused('revocation lists are not supported yet'), fileKey: null },
  { name: 'client-cert-allowed-hostname', kind: 'strings', defaultText: '', help: 'Names that a client certificate may bear.', effect: refused('it is not supported yet'), fileKey: [clientTls, 'allowed-hostname'] },
  { name: 'auto-tls', kind: 'boolean', defaultText: 'false', help: 'Generate a certificate for the client port.', effect: refused('generated certificates are not supported yet; give --cert-file and --key-file'), fileKey: [clientTls, 'auto-tls'] },
  { name: 'peer-cert-file', kind: 'string', defaultText: '', help: 'Certificate of the peer port.', effect: noPeerTls, fileKey: [peerTls, 'cert-file'] },
  { name: 'peer-key-file', kind: 'string', defaultText: '', help: 'Key of the certificate of the peer port.', effect: noPeerTls, fileKey: [peerTls, 'key-file'] },
  { name: 'peer-client-cert-file', kind: 'string', defaultText: '', help: 'Certificate of requests to peers.', effect: noPeerTls, fileKey: [peerTls, 'client-cert-file'] },
  { name: 'peer-client-key-file', kind: 'string', defaultText: '', help: 'Key of that certificate.', effect: noPeerTls, fileKey: [peerTls, 'client-key-file'] },
  { name: 'peer-client-cert-auth', kind: 'boolean', defaultText: 'false', help: 'Accept only peers with a valid certificate.', effect: noPeerTls, fileKey: [peerTls, 'client-cert-auth'] },
  { name: 'peer-trusted-ca-file', kind: 'string', defaultText: '', help: 'Authorities that peers’ certificates are checked against.', effect: noPeerTls, fileKey: [peerTls, 'trusted-ca-file'] },
  { name: 'peer-auto-tls', kind: 'boolean', defaultText: 'false', help: 'Generate a certificate for the peer port.', effect: noPeerTls, fileKey: [peerTls, 'auto-tls'] },
  { name: 'peer-crl-file', kind: 'string', defaultText: '', help: 'Revoked peer certificates.', effect: noPeerTls, fileKey: null },
  { name: 'peer-cert-allowed-cn', kind: 'strings', defaultText: '', help: 'Common names that a peer certificate may bear.', effect: noPeerTls, fileKey: [peerTls, 'allowed-cn'] },
  { name: 'peer-cert-allowed-hostname', kind: 'strings', defaultText: '', help: 'Host names that a peer certificate may bear.', effect: noPeerTls, fileKey: [peerTls, 'allowed-hostname'] },
  { name: 'peer-skip-client-san-verification', kind: 'boolean', defaultText: 'false', help: 'Do not compare names in peers’ client certificates.', effect: noPeerTls, fileKey: [peerTls, 'skip-client-san-verification'] },
  { name: 'self-signed-cert-validity', kind: 'uint', defaultText: '1', help: 'Validity of generated certificates, in years.', effect: warned('generated certificates are not supported yet') },
  { name: 'cipher-suites', kind: 'strings', defaultText: '', help: 'TLS cipher suites.', effect: refused("the choice of cipher suites is not supported yet; Node's defaults hold") },
  { name: 'tls-min-version', kind: 'string', defaultText: 'TLS1.2', help: 'Lowest TLS version: TLS1.2 or TLS1.3.', effect: refused('the choice of TLS versions is not supported yet; TLS1.2 and TLS1.3 are served') },
  { name: 'tls-max-version', kind: 'string', defaultText: '', help: 'Highest TLS version: TLS1.2 or TLS1.3; empty: the highest.', effect: refused('the choice of TLS versions is not supported yet; TLS1.2 and TLS1.3 are served') },
  { name: 'cors', kind: 'origins', defaultText: '*', help: 'Origins that browsers may call from; * or empty: any.', effect: used },
  { name: 'host-whitelist', kind: 'strings', defaultText: '*', help: 'Host names accepted in plaintext HTTP requests; * or empty: any.', effect: used },
] as const).map((flag): Flag => ({ section: 'Security', ...flag }));

export const authFlags: readonly Flag[] = [
  { section: 'Auth', name: 'auth-token', kind: 'string', defaultText: 'simple', help: "'simple', or 'jwt' with its options.", effect: refused('authentication is not supported yet') },
  { section: 'Auth', name: 'bcrypt-cost', kind: 'uint', defaultText: '10', help: 'Cost of hashing passwords.', effect: noAuth },
  { section: 'Auth', name: 'auth-token-ttl', kind: 'uint', defaultText: '300', help: 'Life of a token, in seconds.', effect: noAuth },
];

/** Watching the server, and the tuning that its operation may need. */
export const operationFlags: readonly Flag[] = ([
  { section: 'Profiling and monitoring', name: 'enable-pprof', kind: 'boolean', defaultText: 'false', help: "Serve Go's profiles.", effect: warned("there are no Go profiles; use Node's --cpu-prof or its inspector") },
  { section: 'Profiling and monitoring', name: 'metrics', kind: 'string', defaultText: 'basic', help: "'extensive' adds histograms of calls.", effect: warned('the basic metrics are served') },
  { section: 'Profiling and monitoring', name: 'listen-metrics-urls', kind: 'urls', defaultText: '', help: 'URLs to listen on for /metrics and health alone.', effect: used },
  { section: 'Profiling and monitoring', name: 'enable-distributed-tracing', kind: 'boolean', defaultText: 'false', help: 'Send traces by OpenTelemetry.', effect: noTracing },
  { section: 'Profiling and monitoring', name: 'distributed-tracing-address', kind: 'string', defaultText: 'localhost:4317', help: 'Where traces go.', effect: moot },
  { section: 'Profiling and monitoring', name: 'distributed-tracing-service-name', kind: 'string', defaultText: 'etcd', help: 'Service name in traces.', effect: moot },
  { section: 'Profiling and monitoring', name: 'distributed-tracing-instance-id', kind: 'string', defaultText: '', help: 'Instance id in traces.', effect: moot },
  { section: 'Profiling and monitoring', name: 'distributed-tracing-sampling-rate', kind: 'int', defaultText: '0', help: 'Samples per million spans.', effect: moot },
  { section: 'Logging', name: 'logger', kind: 'string', defaultText: 'zap', help: "Shape of the log: 'zap' is the only one.", effect: used },
  { section: 'Logging', name: 'log-outputs', kind: 'strings', defaultText: 'default', help: "'stderr' (which is the default), 'stdout' or paths of files.", effect: used },
  { section: 'Logging', name: 'log-level', kind: 'string', defaultText: 'info', help: 'debug, info, warn, error, panic or fatal.', effect: used },
  { section: 'Logging', name: 'log-format', kind: 'string', defaultText: 'json', help: 'json or console.', effect: used },
  { section: 'Logging', name: 'enable-log-rotation', kind: 'boolean', defaultText: 'false', help: 'Rotate the one log file.', effect: refused('logs are not rotated; have logrotate do it with copytruncate') },
  { section: 'Logging', name: 'log-rotation-config-json', kind: 'string', defaultText: '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}', help: 'How to rotate.', effect: warned('logs are not rotated') },
  { section: 'Logging', name: 'disable-log-sampling', kind: 'boolean', defaultText: 'false', help: 'Write every line, also of many alike.', effect: moot },
  { section: 'Tuning', name: 'watch-progress-notify-interval', kind: 'duration', defaultText: '10m0s', help: 'Time between two progress notices of an idle watch.', effect: used },
  { section: 'Tuning', name: 'corrupt-check-time', kind: 'duration', defaultText: '0s', help: 'Time between two comparisons of the members; 0: none.', effect: noPeers },
  { section: 'Tuning', name: 'compact-hash-check-time', kind: 'duration', defaultText: '1m0s', help: 'Time between two comparisons of compaction hashes.', effect: noPeers },
  { section: 'Tuning', name: 'compaction-batch-limit', kind: 'int', defaultText: '1000', help: 'Revisions removed in one step of a compaction.', effect: warned('steps are bounded by time') },
  { section: 'Tuning', name: 'compaction-sleep-interval', kind: 'duration', defaultText: '10ms', help: 'Pause between two steps of a compaction.', effect: warned('steps give way to requests by themselves') },
  { section: 'Tuning', name: 'warning-apply-duration', kind: 'duration', defaultText: '100ms', help: 'Time to apply a request that is worth a warning.', effect: warned('slow requests are not logged') },
  { section: 'Tuning', name: 'warning-unary-request-duration', kind: 'duration', defaultText: '300ms', help: 'Time of a request that is worth a warning.', effect: warned('slow requests are not logged') },
  { section: 'Tuning', name: 'bootstrap-defrag-threshold-megabytes', kind: 'uint', defaultText: '0', help: 'Defragment at the start if that frees so much.', effect: warned('the store is not defragmented at the start') },
  { section: 'Tuning', name: 'downgrade-check-time', kind: 'duration', defaultText: '5s', help: 'Time between two checks of a downgrade.', effect: noPeers },
  { section: 'Tuning', name: 'memory-mlock', kind: 'boolean', defaultText: 'false', help: 'Lock the memory into RAM.', effect: warned('memory is not locked; switch swap off instead') },
  { section: 'Tuning', name: 'feature-gates', kind: 'string', defaultText: '', help: "Name=true,Name=false of etcd's feature gates.", effect: used },
  { section: 'Unsafe', name: 'force-new-cluster', kind: 'boolean', defaultText: 'false', help: 'Make this member a cluster of its own.', effect: refused('it is not supported yet') },
  { section: 'Unsafe', name: 'unsafe-no-fsync', kind: 'boolean', defaultText: 'false', help: 'Acknowledge writes that are not on the disk.', effect: warned('every acknowledged write is on the disk') },
  { section: 'Member', name: 'config-file', kind: 'string', defaultText: '', help: 'A YAML or JSON file; all other flags and the environment are then ignored.', effect: used, fileKey: null },
  { section: 'Member', name: 'version', kind: 'boolean', defaultText: 'false', help: 'Print the version and exit.', effect: used, fileKey: null },
] satisfies readonly Flag[]);
