export { writeJson } from './config/write-json.ts';
export { writeMapping, writeProject } from './config/write-project.ts';
export { writeYaml } from './config/write-yaml.ts';
export { diskFiles } from './disk/disk-files.ts';
export { byBytes } from './go/by-bytes.ts';
export { networkHash, serviceHash, volumeHash } from './hash/config-hash.ts';
export { checkContainerNames } from './load/check/check-consistency.ts';
export { withEnvironments } from './load/dotenv/resolve-services.ts';
export { findVariables, type UsedVariable } from './load/interpolate/find-variables.ts';
export { loadMapping, loadProject, type ProjectMapping } from './load/load-project.ts';
export { findProject, type ProjectRequest } from './load/names/find-project.ts';
export type { ProjectSource } from './load/names/project-source.ts';
export { withoutUnused, withSelectedServices, withServicesEnabled } from './load/profiles/select-services.ts';
export { ALL_STEPS, type Environment, type Loading, type LoadOptions, type ProjectFiles } from './load/world.ts';
export { placed } from './load/yaml/with-place.ts';
export { type Format, type Output, OutputMap } from './model/output.ts';
export type { Config, Model, Network, Project, Secret, Table, Volume } from './model/project.ts';
export type {
  Dependency,
  EnvFile,
  HealthCheck,
  Service,
  ServiceNetwork,
  ServicePort,
  ServiceVolume,
} from './model/service.ts';
export { isMapping, type Mapping, type Value } from './model/value.ts';
