import { EngineError } from '../../base/errors.ts';
import type { Project } from '../model/project.ts';
import type { Mapping } from '../model/value.ts';
import { bindProject } from './bind-project.ts';
import { checkConsistency } from './check/check-consistency.ts';
import { withEnvironments, withLabels } from './dotenv/resolve-services.ts';
import { loadFiles } from './load-files.ts';
import { projectName } from './names/find-name.ts';
import type { ProjectSource } from './names/project-source.ts';
import { normalize } from './normalize/normalize.ts';
import { withProfiles } from './profiles/select-services.ts';
import type { Environment, Loading } from './world.ts';
import { placed, withPlace } from './yaml/with-place.ts';

/** A project before it is read into the model: a mapping in long form. */
export interface ProjectMapping {
  readonly mapping: Mapping;
  readonly name: string;
  readonly environment: Environment;
}

/** Loads the files of a project into one mapping. @throws EngineError with file, line and column */
export async function loadMapping(loading: Loading, source: ProjectSource): Promise<ProjectMapping> {
  try {
    const name = projectName(loading, source);
    const environment = new Map([...source.environment, ['COMPOSE_PROJECT_NAME', name]]);
    const { files, workingDir } = source;
    const mapping = await loadFiles(loading, {
      files,
      base: workingDir,
      folder: workingDir,
      environment,
      including: [],
    });
    if (mapping.size === 0) throw new EngineError('invalid', 'empty compose file');
    if (name === '') throw new EngineError('invalid', 'project name must not be empty');
    return { mapping: loading.options.normalizes ? normalize(mapping, name, environment) : mapping, name, environment };
  } catch (error) {
    throw placed(loading.sources, error);
  }
}

/** Loads a project. @throws EngineError with file, line and column */
export async function loadProject(loading: Loading, source: ProjectSource): Promise<Project> {
  const { mapping, name, environment } = await loadMapping(loading, source);
  const { options, warn } = loading;
  return withPlace(loading.sources, () => {
    const files = source.files.map(({ file }) => file);
    const facts = { name, workingDir: source.workingDir, files, environment };
    let project = withProfiles(bindProject(withoutName(mapping), facts, warn), source.profiles);
    if (options.checksConsistency) {
      checkConsistency(project);
      project = withReplicas(project);
    }
    if (options.resolvesEnvironment) project = withEnvironments(project, loading);
    return withLabels(project, loading);
  });
}

function withoutName(mapping: Mapping): Mapping {
  const rest = new Map(mapping);
  rest.delete('name');
  return rest;
}

/** `scale` is the number of replicas also in `deploy`. */
function withReplicas(project: Project): Project {
  const services = [...project.services].map(([name, service]) => {
    const { scale, deploy } = service;
    const isSet = scale !== undefined && deploy !== undefined;
    return [name, isSet ? { ...service, deploy: { ...deploy, replicas: scale } } : service] as const;
  });
  return { ...project, services: new Map(services) };
}
