import { readBool } from '../../model/scalars.ts';
import type { Value } from '../../model/value.ts';
import { Rules } from '../rules.ts';

/** Converts a text to the type that the schema wants. Undefined when it cannot. */
export type Cast = (text: string, warn: (text: string) => void) => Value | undefined;

const toInteger: Cast = (text) => {
  if (!/^[-+]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
};
const toFloat: Cast = (text) => {
  const value = Number(text);
  return text.trim() === text && text !== '' && !Number.isNaN(value) ? value : undefined;
};
const toBoolean: Cast = (text, warn) => readBool(text, warn);

const SERVICE = {
  cpu_count: toInteger,
  cpu_percent: toFloat,
  cpu_period: toInteger,
  cpu_quota: toInteger,
  cpu_rt_period: toInteger,
  cpu_rt_runtime: toInteger,
  cpus: toFloat,
  cpu_shares: toInteger,
  init: toBoolean,
  'deploy.replicas': toInteger,
  'deploy.update_config.parallelism': toInteger,
  'deploy.update_config.max_failure_ratio': toFloat,
  'deploy.rollback_config.parallelism': toInteger,
  'deploy.rollback_config.max_failure_ratio': toFloat,
  'deploy.restart_policy.max_attempts': toInteger,
  'deploy.placement.max_replicas_per_node': toInteger,
  'healthcheck.retries': toInteger,
  'healthcheck.disable': toBoolean,
  oom_kill_disable: toBoolean,
  oom_score_adj: toInteger,
  pids_limit: toInteger,
  'ports.*.target': toInteger,
  privileged: toBoolean,
  read_only: toBoolean,
  scale: toInteger,
  stdin_open: toBoolean,
  tty: toBoolean,
  'ulimits.*': toInteger,
  'ulimits.*.hard': toInteger,
  'ulimits.*.soft': toInteger,
  'volumes.*.read_only': toBoolean,
  'volumes.*.volume.nocopy': toBoolean,
} as const;

/** The texts that become numbers and booleans after variables are replaced, since a variable always gives a text. */
export const CASTS: Rules<Cast> = Rules.of<Cast>({
  ...Object.fromEntries(Object.entries(SERVICE).map(([path, cast]) => [`services.*.${path}`, cast])),
  'networks.*.external': toBoolean,
  'networks.*.internal': toBoolean,
  'networks.*.attachable': toBoolean,
  'networks.*.enable_ipv4': toBoolean,
  'networks.*.enable_ipv6': toBoolean,
  'volumes.*.external': toBoolean,
  'secrets.*.external': toBoolean,
  'configs.*.external': toBoolean,
});
