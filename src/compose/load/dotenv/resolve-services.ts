import { isAbsolute } from 'node:path';
import { EngineError } from '../../../base/errors.ts';
import { ModelError } from '../../model/kind.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import { join } from '../paths/resolve-paths.ts';
import type { Loading } from '../world.ts';
import { parseInto } from './read-env-files.ts';

type World = Pick<Loading, 'files' | 'warn'>;

/** Reads the files of variables of the enabled services into their environment, and drops `env_file`. @throws ModelError */
export function withEnvironments(project: Project, world: World): Project {
  return changed(project, (name, service) => {
    const own = new Map(
      [...(service.environment ?? [])].map(
        ([key, value]) => [key, value ?? project.environment.get(key) ?? null] as const,
      ),
    );
    const lookup = (key: string): string | undefined => project.environment.get(key) ?? own.get(key) ?? undefined;
    const found = new Map([...own].flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])));
    for (const [index, { path = '', required = false, format = '' }] of (service.env_file ?? []).entries()) {
      const at = ['services', name, 'env_file', String(index)];
      const file = { file: absolute(project, path), format, isRequired: required, what: 'env', at };
      readFile(world, file, { into: found, lookup });
    }
    const { env_file: _, ...rest } = service;
    return { ...rest, environment: new Map<string, string | null>([...found, ...own]) };
  });
}

/** Reads the files of labels of the enabled services. @throws ModelError */
export function withLabels(project: Project, world: World & Pick<Loading, 'options'>): Project {
  return changed(project, (name, service) => {
    let found: ReadonlyMap<string, string> = new Map();
    for (const [index, path] of (service.label_file ?? []).entries()) {
      const at = ['services', name, 'label_file', String(index)];
      const before = found;
      const labels = new Map<string, string>();
      const file = absolute(project, path);
      const lookup = (key: string): string | undefined => before.get(key);
      readFile(world, { file, format: '', isRequired: true, what: 'label', at }, { into: labels, lookup });
      found = new Map([...before, ...labels]);
    }
    const labels = new Map([...found, ...(service.labels ?? [])]);
    const { label_file: _, ...without } = service;
    const rest = world.options.keepsLabelFiles ? service : without;
    return labels.size === 0 ? rest : { ...rest, labels };
  });
}

interface VariableFile {
  readonly file: string;
  readonly format: string;
  readonly isRequired: boolean;
  readonly what: string;
  /** The key that names the file. */
  readonly at: readonly string[];
}

function readFile(
  world: World,
  { file, format, isRequired, what, at }: VariableFile,
  { into, lookup }: { into: Map<string, string>; lookup: (name: string) => string | undefined },
): void {
  if (world.files.kindOf(file) === undefined) {
    if (!isRequired) return;
    throw new ModelError(at, `${what} file ${file} not found: stat ${file}: no such file or directory`);
  }
  try {
    parseInto(world, { path: file, format }, { into, lookup });
  } catch (error) {
    throw error instanceof EngineError ? new ModelError(at, error.message) : error;
  }
}

/** Paths may be relative still, when their resolution is left out. */
function absolute({ workingDir }: Project, path: string): string {
  return isAbsolute(path) ? path : join(workingDir, path);
}

function changed(project: Project, change: (name: string, service: Service) => Service): Project {
  return {
    ...project,
    services: new Map([...project.services].map(([name, service]) => [name, change(name, service)])),
  };
}
