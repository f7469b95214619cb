import {
  isRunning,
  LABEL,
  observe,
  observeContainers,
  type Project,
  type Running,
  type RunningContainer,
  type Service,
  usesApiSocket,
  withApiSocket,
} from '../../compose/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { ComposeCall } from './compose-command.ts';
import { loadForEngine, openProject } from './load-request.ts';

/** The project with these services and what they depend on; all enabled ones without names. @throws EngineError */
export async function projectOf(call: ComposeCall, services: readonly string[] = []): Promise<Project> {
  const project = await loadForEngine(call, await openProject(call), services);
  return usesApiSocket(project) ? withApiSocket(project, await credentialsJson(call.world.cli)) : project;
}

/** The text of a `config.json` with all credentials. @throws EngineError */
async function credentialsJson(cli: Cli): Promise<string> {
  const { allCredentials } = await import('../../logins/index.ts');
  const entries = [...(await allCredentials(cli))].map(([server, { username, password, identityToken }]) => {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    return [server, identityToken === '' ? { auth } : { auth, identitytoken: identityToken }] as const;
  });
  return JSON.stringify({ auths: Object.fromEntries(entries) }, undefined, '\t');
}

/**
 * The project for commands on what runs. With a name and no file on the command line it is what the engine has under that name, as with
 * docker compose: a file that happens to be here may be another project's. @throws EngineError
 */
export async function projectOrName(call: ComposeCall): Promise<Project> {
  const { root, world } = call;
  const name = root.string('project-name');
  if (name === '' || root.list('file').length > 0) return await projectOf(call);
  return projectOfContainers(name, await observe(world.cli.client, name));
}

/** A project as its containers and volumes show it. */
function projectOfContainers(name: string, { containers, volumes }: Running): Project {
  const services = new Map<string, Service>();
  for (const { service, labels, image } of containers) {
    services.set(service, { name: service, image, depends_on: dependenciesIn(labels[LABEL.dependsOn] ?? '') });
  }
  const none = new Map<string, never>();
  const [first] = containers;
  return {
    name,
    workingDir: first?.labels[LABEL.workingDir] ?? '',
    files: (first?.labels[LABEL.configFiles] ?? '').split(',').filter((file) => file !== ''),
    services,
    disabledServices: none,
    networks: none,
    volumes: new Map(
      [...volumes.values()]
        .filter(({ labels }) => labels[LABEL.project] === name && labels[LABEL.volume] !== undefined)
        .map((volume) => [volume.labels[LABEL.volume] ?? '', { name: volume.name }]),
    ),
    secrets: none,
    configs: none,
    models: none,
    extensions: none,
    environment: none,
    profiles: [],
  };
}

function dependenciesIn(label: string): NonNullable<Service['depends_on']> {
  return new Map(
    label
      .split(',')
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [name = '', condition = 'service_started', restart] = entry.split(':');
        return [name, { condition, restart: restart === 'true', required: true }];
      }),
  );
}

/** @throws CliError in the words of Compose for a service that the project does not have */
export function checkServices(project: Project, names: readonly string[]): void {
  for (const name of names) {
    if (!project.services.has(name) && !project.disabledServices.has(name))
      throw new CliError(1, `no such service: ${name}`);
  }
}

/** Containers of services, in the order of services and numbers. Without names those of all services of the project. */
export async function containersOf(
  call: ComposeCall,
  project: Project,
  names: readonly string[],
): Promise<readonly RunningContainer[]> {
  checkServices(project, names);
  const all = await observeContainers(call.world.cli.client, project.name);
  const isWanted = (service: string): boolean =>
    names.length === 0 ? project.services.has(service) : names.includes(service);
  return all.filter(({ service, isOneOff }) => !isOneOff && isWanted(service));
}

/** One container of a service: the first, or the one of a number. @throws CliError */
export function oneContainer(call: ComposeCall, service: string, index: number): Promise<OneContainer> {
  return chosenContainer(call, service, { index, isWanted: () => true });
}

/** As {@link oneContainer}, of those that run. @throws CliError */
export function runningContainer(call: ComposeCall, service: string, index: number): Promise<OneContainer> {
  return chosenContainer(call, service, { index, isWanted: isRunning });
}

interface OneContainer {
  readonly project: Project;
  readonly container: RunningContainer;
}

async function chosenContainer(
  call: ComposeCall,
  service: string,
  { index, isWanted }: { readonly index: number; readonly isWanted: (container: RunningContainer) => boolean },
): Promise<OneContainer> {
  const project = await projectOrName(call);
  const found = (await containersOf(call, project, [service])).filter(isWanted);
  const container = index === 0 ? found[0] : found.find(({ number }) => number === index);
  if (container === undefined) {
    throw new CliError(1, `service "${service}" is not running${index === 0 ? '' : ` container #${index}`}`);
  }
  return { project, container };
}
