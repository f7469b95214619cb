import { createHash } from 'node:crypto';
import { dirname, isAbsolute } from 'node:path';
import { EngineError, invalid } from '../../base/errors.ts';
import { substitute } from '../load/interpolate/template.ts';
import type { ProjectSource } from '../load/names/project-source.ts';
import { expandHome, join } from '../load/paths/resolve-paths.ts';
import type { Loading } from '../load/world.ts';
import { parseOnce } from '../load/yaml/parse-once.ts';
import { isList, isMapping, type Value } from '../model/value.ts';
import { ANNOTATION, ARTIFACT } from '../remote/oci/artifact.ts';
import { COMPOSE_VERSION } from '../running/labels.ts';
import { namedFiles } from './named-files.ts';
import { replaceTexts } from './replace-texts.ts';

/** A file of an artifact. */
export interface PublishedFile {
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

/** What is published of a project, and where it was. */
export interface Publication {
  readonly files: readonly PublishedFile[];
  /** Paths of all Compose files, and of files with variables that exist. */
  readonly composeFiles: readonly { readonly path: string; readonly text: string }[];
  readonly envFiles: readonly { readonly path: string; readonly content: Buffer }[];
}

interface Publishing {
  readonly loading: Loading;
  readonly environment: ProjectSource['environment'];
  readonly readBytes: (path: string) => Buffer;
}

/**
 * Gathers the files of a project: its Compose files, those that they extend, and their files of variables, all under names without
 * folders. @throws EngineError for an `include` of a local file, which would not be there
 */
export function publishedFiles(publishing: Publishing, source: ProjectSource): Publication {
  const names: Names = { extended: new Map(), envFiles: new Map() };
  const composeFiles: { path: string; text: string }[] = [];
  const layers: PublishedFile[] = [];
  const add = (path: string, text: string, given: { base: string; name: string; isExtended: boolean }): void => {
    composeFiles.push({ path, text });
    const content = Buffer.from(renamed(publishing, { path, text, base: given.base }, names));
    layers.push({
      mediaType: ARTIFACT.composeFile,
      annotations: fileAnnotations(given.name, given.isExtended),
      content,
    });
  };
  for (const { file, text } of source.files) {
    refuseLocalIncludes(publishing.loading, file, text);
    add(file, text, { base: source.workingDir, name: file.slice(file.lastIndexOf('/') + 1), isExtended: false });
  }
  // Those that are found meanwhile come after them.
  for (const [path, name] of names.extended)
    add(path, publishing.loading.files.read(path), { base: dirname(path), name, isExtended: true });
  const envFiles: { path: string; content: Buffer }[] = [];
  for (const [path, name] of names.envFiles) {
    if (publishing.loading.files.kindOf(path) !== 'file') continue;
    const content = publishing.readBytes(path);
    envFiles.push({ path, content });
    layers.push({
      mediaType: ARTIFACT.envFile,
      annotations: { [ANNOTATION.envFile]: name, [ANNOTATION.version]: COMPOSE_VERSION },
      content,
    });
  }
  return { files: layers, composeFiles, envFiles };
}

/** The override file that pins images to digests. */
export function digestsFile(text: string): PublishedFile {
  const annotations = fileAnnotations('image-digests.yaml', false);
  return { mediaType: ARTIFACT.composeFile, annotations, content: Buffer.from(text) };
}

function fileAnnotations(name: string, isExtended: boolean): Readonly<Record<string, string>> {
  return {
    ...(isExtended ? { [ANNOTATION.extends]: 'true' } : {}),
    [ANNOTATION.file]: name,
    [ANNOTATION.version]: COMPOSE_VERSION,
  };
}

/** Names in the artifact by paths. */
interface Names {
  readonly extended: Map<string, string>;
  readonly envFiles: Map<string, string>;
}

/** The text of a Compose file with the names that its files have in the artifact. */
function renamed(
  { loading, environment }: Publishing,
  { path, text, base }: { readonly path: string; readonly text: string; readonly base: string },
  names: Names,
): string {
  const variables = { get: (name: string) => environment.get(name), warn: loading.warn };
  const replacements = parseOnce(loading, path, text).source.documents.flatMap((document) =>
    namedFiles(document).flatMap(({ kind, node, isInFlow, value }) => {
      const file = expandHome(substitute(value, variables), loading.home);
      if (kind === 'extends' && loading.files.isRemote(file)) return [];
      const target = isAbsolute(file) ? file : join(base, file);
      const [known, ending] = kind === 'extends' ? [names.extended, 'yaml'] : [names.envFiles, 'env'];
      const name = `${createHash('sha256').update(target).digest('hex')}.${ending}`;
      known.set(target, name);
      return [{ node, isInFlow, text: name }];
    }),
  );
  return replaceTexts(text, replacements);
}

function refuseLocalIncludes(loading: Loading, path: string, text: string): void {
  if (path === '-') throw invalid('a project from standard input cannot be published: it has no file');
  for (const { value } of parseOnce(loading, path, text).documents) {
    const include = isMapping(value) ? value.get('include') : undefined;
    const local = pathsOf(include).find((each) => !loading.files.isRemote(each));
    if (local !== undefined)
      throw new EngineError(
        'invalid',
        `${path}: cannot publish compose file with local includes: ${JSON.stringify(local)} would not be in the artifact`,
      );
  }
}

function pathsOf(value: Value | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (isList(value)) return value.flatMap(pathsOf);
  return isMapping(value) ? pathsOf(value.get('path')) : [];
}
