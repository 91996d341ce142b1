import type { ServerResponse } from 'node:http';
import type { Replica } from '@quorate/core';
import { answerText } from '../gateway/http-handler';
import { type HealthCheck, healthOf, livenessChecks, readinessChecks } from './health-checks';
import type { MetricsRegistry } from './metrics-registry';
import type { OpsRoute } from './ops-route';

/** `/health`, `/livez`, `/readyz` and a path for each of their checks. */
export function healthRoutes(replica: Replica, metrics: MetricsRegistry): ReadonlyMap<string, OpsRoute> {
  return new Map<string, OpsRoute>([
    ['/health', { getOnly: true, serve: (query, response) => serveHealth(replica, metrics, query, response) }],
    ...checkRoutes('livez', livenessChecks(replica), metrics),
    ...checkRoutes('readyz', readinessChecks(replica), metrics),
  ]);
}

async function serveHealth(replica: Replica, metrics: MetricsRegistry, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const answer = await healthOf(replica, new Set(query.getAll('exclude')), query.get('serializable') === 'true');
  const text = JSON.stringify(answer);
  if (answer.health === 'true') {
    metrics.healthSuccesses++;
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  } else {
    metrics.healthFailures++;
    answerText(response, 503, text);
  }
}

function checkRoutes(type: 'livez' | 'readyz', checks: readonly HealthCheck[], metrics: MetricsRegistry): [string, OpsRoute][] {
  const routeOf = (chosen: (query: URLSearchParams) => readonly HealthCheck[]): OpsRoute => ({
    getOnly: true,
    serve: (query, response) => serveChecks(type, chosen(query), metrics, query.has('verbose'), response),
  });
  return [
    [`/${type}`, routeOf((query) => {
      const excluded = new Set(query.getAll('exclude'));
      return checks.filter(({ name }) => !excluded.has(name));
    })],
    ...checks.map((check): [string, OpsRoute] => [`/${type}/${check.name}`, routeOf(() => [check])]),
  ];
}

/** What went wrong is always told; what went well only to those who ask for it. */
async function serveChecks(
  type: string, checks: readonly HealthCheck[], metrics: MetricsRegistry, verbose: boolean, response: ServerResponse,
): Promise<void> {
  let report = '';
  let failed = false;
  for (const { name, run } of checks) {
    const fault = await run();
    metrics.checked(type, name, fault === undefined);
    failed ||= fault !== undefined;
    report += fault === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`;
  }
  if (failed) answerText(response, 503, report);
  else answerText(response, 200, `${verbose ? report : ''}ok`);
}
