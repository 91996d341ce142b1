import { type Flag } from './flag';

/** Flags that 3.6 still takes under their experimental names: `[name after the prefix, kind, gate]`. */
const twins: readonly (readonly [name: string, kind: Flag['kind'], defaultText: string])[] = [
  ['corrupt-check-time', 'duration', '0s'],
  ['compact-hash-check-time', 'duration', '1m0s'],
  ['compaction-batch-limit', 'int', '1000'],
  ['compaction-sleep-interval', 'duration', '10ms'],
  ['peer-skip-client-san-verification', 'boolean', 'false'],
  ['watch-progress-notify-interval', 'duration', '10m0s'],
  ['downgrade-check-time', 'duration', '5s'],
  ['warning-apply-duration', 'duration', '100ms'],
  ['warning-unary-request-duration', 'duration', '300ms'],
  ['memory-mlock', 'boolean', 'false'],
  ['bootstrap-defrag-threshold-megabytes', 'uint', '0'],
  ['max-learners', 'int', '1'],
  ['snapshot-catchup-entries', 'uint', '5000'],
  ['enable-distributed-tracing', 'boolean', 'false'],
  ['distributed-tracing-address', 'string', 'localhost:4317'],
  ['distributed-tracing-service-name', 'string', 'etcd'],
  ['distributed-tracing-instance-id', 'string', ''],
  ['distributed-tracing-sampling-rate', 'int', '0'],
  ['backend-bbolt-freelist-type', 'string', 'map'],
];

const gates: readonly (readonly [name: string, gate: string, defaultText: string])[] = [
  ['initial-corrupt-check', 'InitialCorruptCheck', 'false'],
  ['compact-hash-check-enabled', 'CompactHashCheck', 'false'],
  ['enable-lease-checkpoint', 'LeaseCheckpoint', 'false'],
  ['enable-lease-checkpoint-persist', 'LeaseCheckpointPersist', 'false'],
  ['txn-mode-write-with-shared-buffer', 'TxnModeWriteWithSharedBuffer', 'true'],
  ['stop-grpc-service-on-defrag', 'StopGRPCServiceOnDefrag', 'false'],
  ['set-member-localaddr', 'SetMemberLocalAddr', 'false'],
];

const section = 'Experimental (twins of stable flags)';

export const experimentalFlags: readonly Flag[] = [
  ...twins.map(([name, kind, defaultText]): Flag => ({
    section, name: `experimental-${name}`, kind, defaultText, twinOf: name, effect: { kind: 'used' }, help: `Deprecated; use --${name}.`,
  })),
  ...gates.map(([name, gate, defaultText]): Flag => ({
    section, name: `experimental-${name}`, kind: 'boolean', defaultText, gate, effect: { kind: 'used' },
    help: `Deprecated; use --feature-gates=${gate}=…`,
  })),
  {
    section, name: 'experimental-wait-cluster-ready-timeout', kind: 'duration', defaultText: '5s', help: 'Time to wait for the cluster before serving.',
    effect: { kind: 'warned', because: 'a member serves when it is ready' },
  },
];

const noV2Proxy = { kind: 'refused', because: 'the v2 proxy is gone' } as const;
const noV2 = { kind: 'refused', because: 'the v2 API is not served yet' } as const;
const noDiscovery = { kind: 'refused', because: 'discovery is not supported yet' } as const;

/** Flags of etcd 3.5 and before, accepted where they ask for nothing. */
export const legacyFlags: readonly Flag[] = ([
  { name: 'enable-v2', kind: 'boolean', defaultText: 'false', help: 'Serve the v2 API.', effect: noV2 },
  { name: 'experimental-enable-v2v3', kind: 'string', defaultText: '', help: 'Serve the v2 API on keys of v3.', effect: noV2 },
  { name: 'proxy', kind: 'choice', choices: ['off', 'readonly', 'on'], defaultText: 'off', help: 'v2 proxy.', effect: noV2Proxy },
  { name: 'proxy-failure-wait', kind: 'uint', defaultText: '5000', help: 'v2 proxy.', effect: { kind: 'moot' } },
  { name: 'proxy-refresh-interval', kind: 'uint', defaultText: '30000', help: 'v2 proxy.', effect: { kind: 'moot' } },
  { name: 'proxy-dial-timeout', kind: 'uint', defaultText: '1000', help: 'v2 proxy.', effect: { kind: 'moot' } },
  { name: 'proxy-write-timeout', kind: 'uint', defaultText: '5000', help: 'v2 proxy.', effect: { kind: 'moot' } },
  { name: 'proxy-read-timeout', kind: 'uint', defaultText: '0', help: 'v2 proxy.', effect: { kind: 'moot' } },
  { name: 'discovery', kind: 'string', defaultText: '', help: 'URL of a v2 discovery.', effect: noDiscovery },
  { name: 'discovery-proxy', kind: 'string', defaultText: '', help: 'HTTP proxy of the v2 discovery.', effect: noDiscovery },
  { name: 'discovery-fallback', kind: 'choice', choices: ['exit', 'proxy'], defaultText: 'exit', help: 'What to do when the v2 discovery fails.', effect: { kind: 'moot' } },
] satisfies readonly Omit<Flag, 'section'>[]).map((flag): Flag => ({ section: 'Legacy', ...flag }));

/** Names that etcd has taken and ignored since 2.0. */
export const ignoredFlags: readonly Flag[] = [
  'cluster-active-size', 'cluster-remove-delay', 'cluster-sync-interval', 'config', 'force', 'max-result-buffer', 'max-retry-attempts',
  'peer-heartbeat-interval', 'peer-election-timeout', 'retry-interval', 'snapshot', 'v', 'vv',
].map((name): Flag => ({
  section: 'Legacy', name, kind: 'ignored', defaultText: '', help: 'Ignored.', effect: { kind: 'warned', because: 'it is no longer supported' }, fileKey: null,
}));
