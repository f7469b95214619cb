/** Labels by which Compose finds what belongs to a project. Other tools read and write the same. */
export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  configHash: 'com.docker.compose.config-hash',
  /** Id of the image that a container was created from. */
  image: 'com.docker.compose.image',
  /** `NAME:CONDITION:RESTART`, separated by commas. */
  dependsOn: 'com.docker.compose.depends_on',
  /** Absolute paths, separated by commas. */
  configFiles: 'com.docker.compose.project.config_files',
  workingDir: 'com.docker.compose.project.working_dir',
  environmentFiles: 'com.docker.compose.project.environment_file',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  /** Name of the container that this one replaced, without the project's name. */
  replaces: 'com.docker.compose.replace',
  slug: 'com.docker.compose.slug',
  version: 'com.docker.compose.version',
  /** Gantry's own: short hashes of the keys of a service, to say which ones have changed. */
  keys: 'gantry.compose.keys',
} as const;

/** Version of Compose whose hashes and labels are written. */
export const COMPOSE_VERSION = '2.40.3';
