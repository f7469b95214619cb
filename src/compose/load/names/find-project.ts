import { basename, dirname, isAbsolute } from 'node:path';
import { EngineError } from '../../../base/errors.ts';
import { readEnvFiles } from '../dotenv/read-env-files.ts';
import { join } from '../paths/resolve-paths.ts';
import type { Environment, Loading } from '../world.ts';
import { checkName, normalizeName } from './project-name.ts';
import type { ProjectSource } from './project-source.ts';
import { FILES, OVERRIDES } from './usual-files.ts';

/** What the user says about the project: flags before the subcommand, variables and the current folder. */
export interface ProjectRequest {
  /** Paths of Compose files. `-` is standard input. */
  readonly files: readonly string[];
  readonly projectName: string;
  readonly profiles: readonly string[];
  readonly envFiles: readonly string[];
  readonly projectDirectory: string;
  readonly environment: Environment;
  readonly currentFolder: string;
  readonly readStdin: () => string;
}

export type FindWorld = Pick<Loading, 'files' | 'warn'>;

/** Finds the files, the folder, the variables and the name of a project, by Compose's rules. @throws EngineError */
export async function findProject(world: FindWorld, request: ProjectRequest): Promise<ProjectSource> {
  const given = request.files.map((file) => pathOf(world, file, request.currentFolder));
  let environment: Environment = new Map([['PWD', request.currentFolder], ...request.environment]);
  environment = withEnvFiles(world, request, { environment, folder: folderOf(world, request, given) });
  const files = given.length > 0 ? given : filesOf(world, environment, folderOf(world, request, given), request);
  const folder = folderOf(world, request, files);
  // The files may be in another folder, with variables of its own.
  environment = withEnvFiles(world, request, { environment, folder });
  if (request.projectName !== '') checkName(request.projectName);
  if (files.length === 0) throw new EngineError('notFound', 'no configuration file provided: not found');
  const local = await localFiles(world, files);
  const workingDir = request.projectDirectory === '' ? (local.remoteFolder ?? folder) : folder;
  return {
    files: local.paths.map((file) => ({ file, text: file === '-' ? request.readStdin() : readFile(world, file) })),
    workingDir,
    environment,
    givenName: request.projectName || environment.get('COMPOSE_PROJECT_NAME') || undefined,
    usualName: usualName(world, folder),
    profiles: profilesOf(request, environment),
  };
}

function pathOf(world: FindWorld, file: string, currentFolder: string): string {
  return file === '-' || isAbsolute(file) || world.files.isRemote(file) ? file : join(currentFolder, file);
}

/** The folder of the project: the user's, that of the first local file, or the current one. */
function folderOf(world: FindWorld, request: ProjectRequest, files: readonly string[]): string {
  if (request.projectDirectory !== '') return pathOf(world, request.projectDirectory, request.currentFolder);
  const first = files.find((file) => file !== '-');
  return first === undefined || world.files.isRemote(first) ? request.currentFolder : dirname(first);
}

/** Adds the variables of `--env-file`, or of the folder's `.env`. Those that are set stay. */
function withEnvFiles(
  world: FindWorld,
  request: ProjectRequest,
  { environment, folder }: { environment: Environment; folder: string },
): Environment {
  const named = request.envFiles.map((file) => pathOf(world, file, request.currentFolder));
  const usual = join(folder, '.env');
  const isUsual = named.length === 0 && !isDisabled(request.environment) && world.files.kindOf(usual) === 'file';
  const found = readEnvFiles(world, isUsual ? [usual] : named, environment);
  return new Map([...found, ...environment]);
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function isDisabled(environment: Environment): boolean {
  const value = environment.get('COMPOSE_DISABLE_ENV_FILE');
  if (value === undefined || FALSE.includes(value)) return false;
  if (TRUE.includes(value)) return true;
  throw new EngineError('invalid', `COMPOSE_DISABLE_ENV_FILE must be true or false, not ${JSON.stringify(value)}`);
}

/** The files of COMPOSE_FILE, or those with usual names in the folder or the nearest one above. */
function filesOf(
  world: FindWorld,
  environment: Environment,
  folder: string,
  request: ProjectRequest,
): readonly string[] {
  const named = environment.get('COMPOSE_FILE');
  if (named !== undefined)
    return named.split(environment.get('COMPOSE_PATH_SEPARATOR') || ':').map((file) => {
      const path = pathOf(world, file, request.currentFolder);
      if (path !== '-' && !world.files.isRemote(path) && world.files.kindOf(path) === undefined)
        throw new EngineError('notFound', `stat ${path}: no such file or directory`);
      return path;
    });
  for (let at = folder; ; at = dirname(at)) {
    const file = choose(world, FILES, { folder: at, what: 'config' });
    if (file !== undefined) {
      const override = choose(world, OVERRIDES, { folder: at, what: 'override' });
      return override === undefined ? [file] : [file, override];
    }
    if (dirname(at) === at) return [];
  }
}

function choose(
  world: FindWorld,
  names: readonly string[],
  { folder, what }: { folder: string; what: string },
): string | undefined {
  const found = names.map((name) => join(folder, name)).filter((path) => world.files.kindOf(path) !== undefined);
  if (found.length > 1) {
    world.warn(`Found multiple ${what} files with supported names: ${found.join(', ')}`);
    world.warn(`Using ${found[0]}`);
  }
  return found[0];
}

async function localFiles(
  world: FindWorld,
  files: readonly string[],
): Promise<{ paths: string[]; remoteFolder?: string }> {
  const paths: string[] = [];
  let remoteFolder: string | undefined;
  for (const file of files) {
    const isRemote = file !== '-' && world.files.isRemote(file);
    const path = isRemote ? (await world.files.fetchRemote(file)).file : file;
    if (isRemote) remoteFolder ??= dirname(path);
    paths.push(path);
  }
  return { paths, ...(remoteFolder === undefined ? {} : { remoteFolder }) };
}

function readFile(world: FindWorld, file: string): string {
  const kind = world.files.kindOf(file);
  if (kind === undefined) throw new EngineError('notFound', `open ${file}: no such file or directory`);
  if (kind === 'folder') throw new EngineError('invalid', `read ${file}: is a directory`);
  return world.files.read(file);
}

function usualName(world: FindWorld, folder: string): string {
  const name = basename(folder);
  if (basename(world.files.realPath(folder)) !== name)
    world.warn(`project has been loaded without an explicit name from a symlink. Using name ${JSON.stringify(name)}`);
  return normalizeName(name);
}

function profilesOf({ profiles }: ProjectRequest, environment: Environment): readonly string[] {
  if (profiles.length > 0) return profiles;
  return (environment.get('COMPOSE_PROFILES') ?? '').split(',').map((profile) => profile.trim());
}
