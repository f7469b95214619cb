import type { Project, Service } from '../model/index.ts';

const SOCKET = '/var/run/docker.sock';
const FOLDER = '/run/secrets/docker';
/** No name of a file's: those have no `#`. */
const CONFIG = '#apisocket';

/** Whether a service asks for the engine's socket. */
export function usesApiSocket({ services }: Pick<Project, 'services'>): boolean {
  return [...services.values()].some(({ use_api_socket }) => use_api_socket === true);
}

/**
 * Gives services with `use_api_socket` what it stands for: the engine's socket, and the text of a `config.json` with credentials. The
 * hashes of the services are of this form, as those of docker compose.
 */
export function withApiSocket(project: Project, configJson: string): Project {
  const changed = ([name, service]: readonly [string, Service]): readonly [string, Service] => [
    name,
    service.use_api_socket === true ? withSocket(service) : service,
  ];
  return {
    ...project,
    services: new Map([...project.services].map(changed)),
    configs: new Map([...project.configs, [CONFIG, { content: configJson }]]),
  };
}

function withSocket(service: Service): Service {
  return {
    ...service,
    volumes: [...(service.volumes ?? []), { type: 'bind', source: SOCKET, target: SOCKET }],
    configs: [...(service.configs ?? []), { source: CONFIG, target: `${FOLDER}/config.json` }],
    environment: new Map([['DOCKER_CONFIG', FOLDER], ...(service.environment ?? [])]),
  };
}
