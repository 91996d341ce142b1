import { Auth, Cluster, Election, Health, KV, Lease, Lock, Maintenance, type Method, Watch } from './services.table';

/** All services of the client port, by the name in their .proto. */
export const services = { KV, Watch, Lease, Cluster, Maintenance, Auth, Lock, Election, Health } as const;

/** A method whose messages are known by its codecs only. */
export type AnyMethod = Method<unknown, unknown>;

const methods: readonly AnyMethod[] = Object.values(services).flatMap((methodsOf) => Object.values(methodsOf) as AnyMethod[]);
const byPath = new Map(methods.map((method) => [method.path, method]));
const byJsonPath = new Map(methods.flatMap((method) => method.jsonPaths.map((path) => [path, method] as const)));
const serviceNames = new Set(methods.map((method) => method.service));

/** Every method of every service. */
export function allMethods(): readonly AnyMethod[] {
  return methods;
}

/** By the HTTP/2 `:path`, as `/etcdserverpb.KV/Range`. */
export function methodByPath(path: string): AnyMethod | undefined {
  return byPath.get(path);
}

/** By the path of the JSON gateway; `/v3beta/…`, as clients of etcd 3.3 and 3.4 have it, means `/v3/…`. */
export function methodByJsonPath(path: string): AnyMethod | undefined {
  return byJsonPath.get(path.startsWith('/v3beta/') ? `/v3/${path.slice('/v3beta/'.length)}` : path);
}

/** What gRPC answers (UNIMPLEMENTED) for a path that is no method, in grpc-go's words. */
export function unknownMethodText(path: string): string {
  const slash = path.lastIndexOf('/');
  if (!path.startsWith('/') || slash === 0) return `malformed method name: ${JSON.stringify(path)}`;
  const service = path.slice(1, slash);
  return serviceNames.has(service) ? `unknown method ${path.slice(slash + 1)} for service ${service}` : `unknown service ${service}`;
}
