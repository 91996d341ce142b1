import type { Instance } from '@quorate/api';
import { isHealthy } from '@quorate/recipes';

/** One group of Prometheus' http_sd format. */
export interface PrometheusTargets {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One group per instance and port, so that rules can pick ports by name. Unhealthy ones are there too: they are scraped the more urgently. */
export function prometheusTargetsOf(instances: readonly Instance[]): PrometheusTargets[] {
  return instances.flatMap((instance) => {
    const labels = labelsOf(instance);
    const host = instance.address.includes(':') ? `[${instance.address}]` : instance.address;
    if (instance.port !== undefined) return [{ targets: [`${host}:${instance.port}`], labels }];
    return Object.entries(instance.ports ?? {}).map(([name, port]) => ({ targets: [`${host}:${port}`], labels: { ...labels, __meta_quorate_port_name: name } }));
  });
}

function labelsOf(instance: Instance): Record<string, string> {
  const labels: Record<string, string> = {
    __meta_quorate_namespace: instance.namespace,
    __meta_quorate_service: instance.service,
    __meta_quorate_instance: instance.id,
    __meta_quorate_health: instance.health,
    __meta_quorate_healthy: String(isHealthy(instance)),
    __meta_quorate_enabled: String(instance.enabled),
    __meta_quorate_weight: String(instance.weight),
  };
  if (instance.zone !== undefined) labels['__meta_quorate_zone'] = instance.zone;
  if (instance.version !== undefined) labels['__meta_quorate_version'] = instance.version;
  // Commas on both ends let a rule look for `,tag,` wherever it stands.
  if (instance.tags.length > 0) labels['__meta_quorate_tags'] = `,${instance.tags.join(',')},`;
  for (const [key, value] of Object.entries(instance.metadata)) labels[`__meta_quorate_metadata_${key.replace(/[^A-Za-z0-9_]/g, '_')}`] = value;
  return labels;
}
