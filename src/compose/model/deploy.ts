import { optionalInteger } from './build.ts';
import { mapping, texts } from './collections.ts';
import { list, optional, type TypeOf } from './kind.ts';
import { bytes, deviceCount, duration, float32, integer, text } from './scalars.ts';
import { always, embedded, struct } from './struct.ts';

export const deviceRequest = struct(
  { capabilities: texts, driver: text, count: deviceCount, device_ids: texts, options: mapping },
  { extensions: false },
);
export type DeviceRequest = TypeOf<typeof deviceRequest>;

const updateConfig = struct({
  parallelism: optionalInteger,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: float32,
  order: text,
});

const genericResource = struct({
  discrete_resource_spec: struct({ kind: always(text, 'yaml', 'json'), value: always(integer, 'yaml', 'json') }),
});

const resource = struct({
  cpus: float32,
  memory: bytes,
  pids: integer,
  devices: list(deviceRequest),
  generic_resources: list(genericResource),
});
export type Resource = TypeOf<typeof resource>;

export const deployConfig = struct({
  mode: text,
  replicas: optionalInteger,
  labels: mapping,
  update_config: updateConfig,
  rollback_config: updateConfig,
  resources: embedded(struct({ limits: resource, reservations: resource })),
  restart_policy: struct({
    condition: text,
    delay: optional(duration),
    max_attempts: optionalInteger,
    window: optional(duration),
  }),
  placement: embedded(
    struct({ constraints: texts, preferences: list(struct({ spread: text })), max_replicas_per_node: integer }),
  ),
  endpoint_mode: text,
});
export type DeployConfig = TypeOf<typeof deployConfig>;
