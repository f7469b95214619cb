export type {
  ContainerConfig,
  ContainerState,
  ContainerStatus,
  CreateContainerBody,
  DeviceMapping,
  DeviceRequest,
  EndpointIpamConfig,
  EndpointSettings,
  ExecConfig,
  Health,
  HealthConfig,
  HealthcheckResult,
  HostConfig,
  LogConfig,
  Mount,
  MountPoint,
  NetworkingConfig,
  PortBinding,
  PortMap,
  Resources,
  RestartPolicy,
  Ulimit,
} from './container.ts';
export { ENDPOINT_SYSCTLS } from './container.ts';
export { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';
export type { EngineEvent, EventSink } from './event.ts';
export { ENDPOINT_OPTIONS, type TrafficOption, trafficOption } from './traffic-option.ts';
