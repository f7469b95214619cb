import { buildConfig, fileReference, optionalBool, optionalInteger, ulimit } from './build.ts';
import {
  command,
  environment,
  healthTest,
  hosts,
  mapping,
  multiOptions,
  options,
  textMap,
  textOrList,
  texts,
  textsOrNumbers,
} from './collections.ts';
import { deployConfig, deviceRequest } from './deploy.ts';
import { type Kind, list, mapOf, optional, type TypeOf } from './kind.ts';
import { bool, bytes, duration, float32, integer, text } from './scalars.ts';
import { always, embedded, hidden, struct } from './struct.ts';

const serviceHook = struct({
  command: always(command, 'json'),
  user: text,
  privileged: bool,
  working_dir: text,
  environment,
});

const develop = struct({
  watch: list(
    struct({
      path: always(text, 'yaml', 'json'),
      action: always(text, 'yaml', 'json'),
      target: text,
      exec: embedded(serviceHook),
      include: texts,
      ignore: texts,
      initial_sync: bool,
    }),
  ),
});

const weightDevice = struct({
  path: { kind: text, always: ['yaml', 'json'], jsonName: 'Path' },
  weight: { kind: integer, always: ['yaml', 'json'], jsonName: 'Weight' },
});
const throttleDevices = list(
  struct({
    path: { kind: text, always: ['yaml', 'json'], jsonName: 'Path' },
    rate: { kind: bytes, always: ['yaml', 'json'], jsonName: 'Rate' },
  }),
);

const blkioConfig = struct({
  weight: integer,
  weight_device: list(weightDevice),
  device_read_bps: throttleDevices,
  device_read_iops: throttleDevices,
  device_write_bps: throttleDevices,
  device_write_iops: throttleDevices,
});

const dependency = struct({
  condition: text,
  restart: bool,
  required: always(bool, 'yaml', 'json'),
});
export type Dependency = TypeOf<typeof dependency>;

const envFileFields = struct(
  { path: text, required: always(bool, 'yaml', 'json'), format: { kind: text, never: ['yaml'] } },
  { extensions: false },
);
export type EnvFile = TypeOf<typeof envFileFields>;

/** Compose prints a required file as its path. */
const envFile: Kind<EnvFile> = {
  ...envFileFields,
  write: (value, format) => (value.required ? (value.path ?? '') : envFileFields.write(value, format)),
};

const serviceNetwork = struct({
  aliases: texts,
  driver_opts: options,
  gw_priority: integer,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: texts,
  mac_address: text,
  priority: integer,
});
export type ServiceNetwork = TypeOf<typeof serviceNetwork>;

const servicePort = struct({
  name: text,
  mode: text,
  host_ip: text,
  target: integer,
  published: text,
  protocol: text,
  app_protocol: text,
});
export type ServicePort = TypeOf<typeof servicePort>;

const serviceVolume = struct({
  type: text,
  source: text,
  target: text,
  read_only: bool,
  consistency: text,
  bind: struct({ selinux: text, propagation: text, create_host_path: bool, recursive: text }),
  volume: struct({ labels: mapping, nocopy: bool, subpath: text }),
  tmpfs: struct({ size: bytes, mode: integer }),
  image: struct({ subpath: text }),
});
export type ServiceVolume = TypeOf<typeof serviceVolume>;

const healthCheck = struct({
  test: healthTest,
  timeout: optional(duration),
  interval: optional(duration),
  retries: optionalInteger,
  start_period: optional(duration),
  start_interval: optional(duration),
  disable: bool,
});
export type HealthCheck = TypeOf<typeof healthCheck>;

/** A service, with the names of the Compose specification, in the order in which Compose prints them. */
export const service = struct({
  name: hidden(text),
  profiles: texts,
  annotations: mapping,
  attach: optionalBool,
  build: buildConfig,
  develop,
  blkio_config: blkioConfig,
  cap_add: texts,
  cap_drop: texts,
  cgroup_parent: text,
  cgroup: text,
  cpu_count: integer,
  cpu_percent: float32,
  cpu_period: integer,
  cpu_quota: integer,
  cpu_rt_period: integer,
  cpu_rt_runtime: integer,
  cpus: float32,
  cpuset: text,
  cpu_shares: integer,
  command: always(command, 'json'),
  configs: list(fileReference),
  container_name: text,
  credential_spec: struct({ config: text, file: text, registry: text }),
  depends_on: mapOf(dependency),
  deploy: deployConfig,
  device_cgroup_rules: texts,
  devices: list(struct({ source: text, target: text, permissions: text })),
  dns: textOrList,
  dns_opt: texts,
  dns_search: textOrList,
  domainname: text,
  entrypoint: always(command, 'json'),
  provider: struct({ type: text, options: multiOptions }),
  environment,
  env_file: list(envFile),
  expose: textsOrNumbers,
  extends: struct({ file: text, service: text }, { extensions: false }),
  external_links: texts,
  extra_hosts: hosts,
  group_add: texts,
  gpus: list(deviceRequest),
  hostname: text,
  healthcheck: healthCheck,
  image: text,
  init: optionalBool,
  ipc: text,
  isolation: text,
  labels: mapping,
  label_file: texts,
  links: texts,
  logging: struct({ driver: text, options }),
  mem_limit: bytes,
  mem_reservation: bytes,
  memswap_limit: bytes,
  mem_swappiness: bytes,
  mac_address: text,
  models: mapOf(struct({ endpoint_var: text, model_var: text })),
  network_mode: text,
  networks: mapOf(serviceNetwork),
  oom_kill_disable: bool,
  oom_score_adj: integer,
  pid: text,
  pids_limit: integer,
  platform: text,
  ports: list(servicePort),
  privileged: bool,
  pull_policy: text,
  read_only: bool,
  restart: text,
  runtime: text,
  scale: optionalInteger,
  secrets: list(fileReference),
  security_opt: texts,
  shm_size: bytes,
  stdin_open: bool,
  stop_grace_period: optional(duration),
  stop_signal: text,
  storage_opt: textMap,
  sysctls: mapping,
  tmpfs: textOrList,
  tty: bool,
  ulimits: mapOf(ulimit),
  use_api_socket: bool,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(serviceVolume),
  volumes_from: texts,
  working_dir: text,
  post_start: list(serviceHook),
  pre_stop: list(serviceHook),
});
export type Service = TypeOf<typeof service>;
