import { allMethods, methodByJsonPath, methodByPath, services, unknownMethodText } from './services';

describe('the table of services', () => {
  test('has every method of etcd 3.6, the lock and election services and health', () => {
    const count = (name: keyof typeof services): number => Object.keys(services[name]).length;
    expect([count('KV'), count('Watch'), count('Lease'), count('Cluster'), count('Maintenance'), count('Auth'), count('Lock'), count('Election'), count('Health')])
      .toEqual([5, 1, 5, 5, 8, 17, 2, 5, 2]);
  });

  test('finds methods by either path', () => {
    expect(methodByPath('/etcdserverpb.KV/Range')).toBe(services.KV.Range);
    expect(methodByPath('/grpc.health.v1.Health/Watch')?.kind).toBe('serverStreaming');
    expect(methodByJsonPath('/v3/kv/lease/timetolive')).toBe(services.Lease.LeaseTimeToLive);
    expect(methodByJsonPath('/v3beta/lock/lock')).toBe(services.Lock.Lock);
    expect(methodByJsonPath('/v3/maintenance/transfer-leadership')).toBe(services.Maintenance.MoveLeader);
    expect(methodByJsonPath('/v3/nope')).toBeUndefined();
  });

  test('uses no path twice, and names messages after their service\'s package', () => {
    const paths = allMethods().flatMap((method) => [method.path, ...method.jsonPaths]);
    expect(new Set(paths).size).toBe(paths.length);
    for (const { service, request, response } of allMethods()) {
      const pkg = service.slice(0, service.lastIndexOf('.') + 1);
      expect(request.schema.name.startsWith(pkg)).toBe(true);
      expect(response.schema.name.startsWith(pkg)).toBe(true);
    }
  });

  test('words what it does not know as grpc-go does', () => {
    expect(unknownMethodText('/etcdserverpb.KV/RangeStream')).toBe('unknown method RangeStream for service etcdserverpb.KV');
    expect(unknownMethodText('/foo.Bar/Baz')).toBe('unknown service foo.Bar');
    expect(unknownMethodText('/nope')).toBe('malformed method name: "/nope"');
  });
});
