import { dirname, isAbsolute, relative } from 'node:path';
import { EngineError } from '../../base/errors.ts';
import { ModelError } from '../model/kind.ts';
import { isMapping, type Mapping, typeName, type Value } from '../model/value.ts';
import { canonical } from './canonical/canonical.ts';
import { setDefaults } from './canonical/defaults.ts';
import { checkValues } from './check/check-values.ts';
import { readEnvFiles } from './dotenv/read-env-files.ts';
import { applyExtends, type ServicesOf } from './extends/apply-extends.ts';
import { importResources } from './include/import-resources.ts';
import { type IncludeEntry, includeEntries } from './include/include-entries.ts';
import { interpolate } from './interpolate/interpolate.ts';
import { dropReset } from './merge/drop-reset.ts';
import { mergeFiles } from './merge/merge.ts';
import { withoutReplaced } from './merge/unique.ts';
import { resolveVariables } from './normalize/resolve-variables.ts';
import { join, type PathWorld, resolvePaths } from './paths/resolve-paths.ts';
import { schemaFault } from './schema/validate.ts';
import { type Environment, LOADS_MAX, type Loading } from './world.ts';
import { parseOnce } from './yaml/parse-once.ts';
import type { Resets } from './yaml/read-document.ts';
import { causedBy } from './yaml/with-place.ts';

/** Files that are merged to one project, in their order. */
export interface FileSet {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** The folder to which relative paths of these files relate. Within an included project it is relative to that of the including one. */
  readonly base: string;
  /** The same folder, absolute. */
  readonly folder: string;
  readonly environment: Environment;
  /** Files whose `include` leads here, to find circles. */
  readonly including: readonly string[];
}

/** Loads files into one mapping in long form, before it is normalized. @throws ModelError, SourceError, EngineError */
export async function loadFiles(loading: Loading, set: FileSet): Promise<Mapping> {
  let project: Mapping = new Map();
  for (const { file, text } of set.files) project = await addFile(loading, { file, text, set }, project);
  project = setDefaults(project);
  checkValues(project);
  if (loading.options.resolvesPaths || set.including.length > 0)
    project = resolvePaths(project, pathWorld(loading, set.base));
  return resolveVariables(project, set.environment);
}

interface Part {
  readonly file: string;
  readonly text: string;
  readonly set: FileSet;
}

async function addFile(loading: Loading, part: Part, before: Mapping): Promise<Mapping> {
  let project = before;
  for (const { value, resets } of parseOnce(loading, part.file, part.text).documents)
    project = await addDocument(loading, { ...part, value, resets }, project);
  return project;
}

interface Doc extends Part {
  readonly value: Value;
  readonly resets: Resets;
}

async function addDocument(loading: Loading, doc: Doc, before: Mapping): Promise<Mapping> {
  const { file, resets, set } = doc;
  let own = interpolated(loading, doc);
  own = await applyExtends(own, { file, resets }, (path) => loadBase(loading, set, path));
  const kept = dropReset(before, resets);
  own = await applyInclude(loading, own, { ...set, including: [...set.including, file] });
  const merged = withoutReplaced(mergeFiles(kept, own));
  const fault = schemaFault(merged);
  if (fault !== undefined) throw new ModelError(fault.path, fault.message);
  return longForm(loading, withoutVersion(loading, merged, file));
}

function interpolated(loading: Loading, { value, set }: Doc): Mapping {
  if (!isMapping(value)) throw new ModelError([], `top-level object must be a mapping, not ${typeName(value)}`);
  if (!loading.options.interpolates) return value;
  return interpolate(value, { get: (name) => set.environment.get(name), warn: loading.warn });
}

function withoutVersion(loading: Loading, project: Mapping, file: string): Mapping {
  if (!project.has('version')) return project;
  loading.warn(
    `${file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
  );
  const kept = new Map(project);
  kept.delete('version');
  return kept;
}

function longForm(loading: Loading, project: Mapping): Mapping {
  const converted = canonical(project, { isLenient: !loading.options.interpolates, warn: loading.warn });
  // The long form shows further items that replace others, such as ports of ranges.
  return withoutReplaced(converted);
}

function pathWorld(loading: Loading, base: string): PathWorld {
  return { base, home: loading.home, realPath: loading.files.realPath, isRemote: loading.files.isRemote };
}

/** A path relative to the folder of a set of files, and the folder that it leads to. */
interface Target {
  readonly path: string;
  readonly folder: string;
  /** Of a remote: the folder of all that was fetched. */
  readonly root: string | undefined;
}

async function target(loading: Loading, set: FileSet, path: string): Promise<Target> {
  if (++loading.loads > LOADS_MAX) throw new EngineError('tooLarge', `more than ${LOADS_MAX} files are loaded`);
  if (!loading.files.isRemote(path)) {
    const local = absolute(set.folder, path);
    return { path: local, folder: dirname(local), root: undefined };
  }
  const { file, root } = await loading.files.fetchRemote(path);
  return { path: file, folder: dirname(file), root };
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** The folder as paths of this set name it. */
function relativeTo(set: FileSet, folder: string): string {
  return relative(set.folder, folder) || '.';
}

/** Services of another file for `extends`. Their paths are changed so that they relate to the folder of `set`. */
async function loadBase(loading: Loading, set: FileSet, path: string): Promise<ServicesOf> {
  const { path: file, folder, root } = await target(loading, set, path);
  let services: Mapping = new Map();
  const collected: (readonly string[])[] = [];
  // As docker compose: paths of a file in a repository relate to its top folder here.
  const world = pathWorld(loading, root ?? relativeTo(set, folder));
  for (const { value, resets } of parseOnce(loading, file, loading.files.read(file)).documents) {
    const text = { file, text: '', set, value, resets };
    const project = resolvePaths(longForm(loading, withoutReplaced(interpolated(loading, text))), world);
    const found = project.get('services');
    if (isMapping(found))
      services = mergeFiles(new Map([['services', services]]), new Map([['services', found]])).get(
        'services',
      ) as Mapping;
    collected.push(...resets);
  }
  return { file, services, resets: collected };
}

async function applyInclude(loading: Loading, project: Mapping, set: FileSet): Promise<Mapping> {
  const include = project.get('include');
  if (include === undefined) return project;
  let merged = new Map(project) as Mapping;
  for (const [index, entry] of includeEntries(include).entries()) {
    const imported = await included(loading, { ...entry, at: ['include', String(index)] }, set);
    merged = importResources(imported, merged);
  }
  const kept = new Map(merged);
  kept.delete('include');
  return kept;
}

/** An entry of `include`, and where it is. */
type Entry = IncludeEntry & { readonly at: readonly string[] };

async function included(loading: Loading, entry: Entry, set: FileSet): Promise<Mapping> {
  return loadFiles(loading, await causedBy(entry.at, () => includedSet(loading, entry, set)));
}

async function includedSet(loading: Loading, entry: Entry, set: FileSet): Promise<FileSet> {
  const { paths, projectDirectory, at } = entry;
  const targets: Target[] = [];
  for (const path of paths) targets.push(await target(loading, set, path));
  const [first] = targets;
  if (first === undefined) throw new ModelError(at, 'needs a path');
  if (set.including.includes(first.path))
    throw new ModelError(at, `include cycle detected:\n${[...set.including, first.path].join('\n include ')}`);
  const folder = projectDirectory === undefined ? first.folder : absolute(set.folder, projectDirectory);
  const isFixed =
    (projectDirectory !== undefined && isAbsolute(projectDirectory)) || loading.files.isRemote(paths[0] ?? '');
  return {
    files: targets.map(({ path }) => ({ file: path, text: loading.files.read(path) })),
    base: isFixed ? folder : relativeTo(set, folder),
    folder,
    environment: withEnvFiles(loading, entry, { folder, set }),
    including: set.including,
  };
}

/** The variables of an included project: those of the including one, and those of its own files. */
function withEnvFiles(
  loading: Loading,
  { envFiles }: IncludeEntry,
  { folder, set }: { folder: string; set: FileSet },
): Environment {
  const usual = join(folder, '.env');
  const paths =
    envFiles?.map((path) => absolute(set.folder, path)) ?? (loading.files.kindOf(usual) === 'file' ? [usual] : []);
  return new Map([...readEnvFiles(loading, paths, set.environment), ...set.environment]);
}
