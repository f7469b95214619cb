/** The words of artifacts with Compose projects, as docker compose publishes them. */
export const ARTIFACT = {
  type: 'application/vnd.docker.compose.project',
  /** Of the empty config, where a registry knows no types of artifacts. */
  config: 'application/vnd.docker.compose.config.empty.v1+json',
  composeFile: 'application/vnd.docker.compose.file+yaml',
  envFile: 'application/vnd.docker.compose.envfile',
} as const;

/** Annotations of layers. */
export const ANNOTATION = {
  version: 'com.docker.compose.version',
  /** Name of a Compose file. */
  file: 'com.docker.compose.file',
  /** The file is not one of the project's, but extended by it. */
  extends: 'com.docker.compose.extends',
  /** Name of a file of variables. */
  envFile: 'com.docker.compose.envfile',
} as const;

/** The file of a fetched artifact that has all Compose files of the project. */
export const PROJECT_FILE = 'compose.yaml';
