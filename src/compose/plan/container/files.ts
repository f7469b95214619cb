import { posix } from 'node:path';
import { invalid } from '../../../base/errors.ts';
import type { Mount } from '../../../spec/index.ts';
import type { Config, FileReference, Project, Service } from '../../model/index.ts';

/** A file of the host that is mounted. */
export interface MountedFile {
  readonly mount: Mount;
}

/** A file that is copied into the container before it starts: its content is not on disk. */
export interface CopiedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const SECRETS = '/run/secrets';

export function isMountedFile(file: MountedFile | CopiedFile): file is MountedFile {
  return 'mount' in file;
}

/**
 * The secrets and configs of a service. Those with a file are mounted; those with a content or a variable are copied into
 * the container. @throws EngineError invalid for external ones: only a cluster keeps them
 */
export function mountedFiles(project: Project, service: Service): readonly (MountedFile | CopiedFile)[] {
  const secrets = (service.secrets ?? []).map((reference) => {
    const { source = '', target = source } = reference;
    const path = posix.isAbsolute(target) ? target : posix.join(SECRETS, target);
    return fileOf(project, reference, { kind: 'secret', path, source: project.secrets.get(source) });
  });
  const configs = (service.configs ?? []).map((reference) => {
    const { source = '', target = source } = reference;
    const path = posix.isAbsolute(target) ? target : posix.join('/', target);
    return fileOf(project, reference, { kind: 'config', path, source: project.configs.get(source) });
  });
  return [...secrets, ...configs];
}

function fileOf(
  project: Project,
  { source: name = '', uid = '0', gid = '0', mode = 0o444 }: FileReference,
  { kind, path, source }: { readonly kind: string; readonly path: string; readonly source: Config | undefined },
): MountedFile | CopiedFile {
  if (source?.external === true) throw invalid(`unsupported external ${kind} ${name}`);
  if (source?.file !== undefined) {
    const mount = { Type: 'bind', Source: source.file, Target: path, ReadOnly: true } as const;
    return { mount: kind === 'secret' ? { ...mount, BindOptions: {} } : mount };
  }
  const content = source?.content ?? project.environment.get(source?.environment ?? '');
  if (content === undefined)
    throw invalid(`environment variable "${source?.environment}" required by ${kind} "${name}" is not set`);
  const id = (text: string): number => {
    if (/^\d+$/.test(text)) return Number(text);
    throw invalid(`${kind} "${name}": "${text}" is not a numeric id`);
  };
  return { path, content, mode, uid: id(uid), gid: id(gid) };
}
