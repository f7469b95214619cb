import {
  ALL_STEPS,
  contextServices,
  findProject,
  type Loading,
  type LoadOptions,
  loadMapping,
  loadProject,
  type Project,
  type ProjectMapping,
  type ProjectSource,
  withoutUnused,
  withSelectedServices,
  withServicesEnabled,
} from '../../compose/index.ts';
import type { ComposeCall } from './compose-command.ts';

export interface OpenedProject {
  readonly loading: Loading;
  readonly source: ProjectSource;
}

/** Finds the project that the flags before the command, the variables and the current folder name. @throws EngineError */
export async function openProject(call: ComposeCall, steps: Partial<LoadOptions> = {}): Promise<OpenedProject> {
  const { world, root, warnings } = call;
  const home = world.env['HOME'];
  const warn = (text: string): void => warnings.warn(text);
  const options = { ...ALL_STEPS, ...steps };
  const loading: Loading = {
    files: { ...world.files, fetchRemote: world.remotes(root.list('insecure-registry')) },
    options,
    home: home === '' ? undefined : home,
    warn,
    sources: [],
    parsed: new Map(),
    loads: 0,
  };
  const named = root.list('env-file');
  const environment = new Map(
    Object.entries(world.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  const source = await findProject(loading, {
    files: root.list('file'),
    projectName: root.string('project-name'),
    profiles: root.list('profile'),
    envFiles:
      named.length > 0 ? named : (world.env['COMPOSE_ENV_FILES'] ?? '').split(',').filter((file) => file !== ''),
    projectDirectory: root.string('project-directory') || root.string('workdir'),
    environment,
    currentFolder: world.currentFolder,
    readStdin: world.readStdin,
  });
  return { loading, source };
}

/** Loads the project with these services and what they depend on; all enabled ones without names. @throws EngineError */
export async function loadServices(
  call: ComposeCall,
  opened: OpenedProject,
  names: readonly string[],
): Promise<Project> {
  const selected = await loadSelected(call, opened, names);
  return call.root.bool('all-resources') ? selected : withoutUnused(selected);
}

/** As {@link loadServices}, with the secrets of builds that are contexts of others: these are built without being selected. */
export async function loadForEngine(
  call: ComposeCall,
  opened: OpenedProject,
  names: readonly string[],
): Promise<Project> {
  const selected = await loadSelected(call, opened, names);
  if (call.root.bool('all-resources')) return selected;
  const all = new Map([...selected.services, ...selected.disabledServices]);
  const contexts = new Set([...all.values()].flatMap(contextServices));
  return withoutUnused(
    selected,
    [...contexts].flatMap((name) => all.get(name) ?? []),
  );
}

async function loadSelected(call: ComposeCall, opened: OpenedProject, names: readonly string[]): Promise<Project> {
  const loaded = await loadProject(opened.loading, opened.source);
  const project: Project = isCompatible(call, loaded) ? { ...loaded, separator: '_' } : loaded;
  return withSelectedServices(withServicesEnabled(project, names), names);
}

/** Loads the project as a mapping, before it is read into the model. As in Compose, variables have no part in it. @throws EngineError */
export function loadRaw({ loading, source }: OpenedProject): Promise<ProjectMapping> {
  return loadMapping(loading, { ...source, environment: new Map() });
}

function isCompatible({ root }: ComposeCall, { environment }: Project): boolean {
  const value = environment.get('COMPOSE_COMPATIBILITY') ?? '';
  return root.bool('compatibility') || ['1', 't', 'true'].includes(value.trim().toLowerCase());
}
