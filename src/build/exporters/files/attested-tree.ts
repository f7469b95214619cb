import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../../base/errors.ts';
import type { OpenSnapshots } from '../../../store/index.ts';
import { type InTotoSubject, subjectsOf } from '../../attest/index.ts';
import { layerKeys, newTreeRootId } from '../../tree.ts';
import type { ExportedAttestation, ExportedPlatform } from '../exporter.ts';

export interface AttestedTree {
  readonly snapshots: Pick<
    OpenSnapshots,
    'sealed' | 'createWritable' | 'mount' | 'removeWritable' | 'trees' | 'rootFiles'
  >;
  /** Of the names of the statements. */
  readonly prefix: string;
  /** Whether the names of the statements have the platform. */
  readonly namesPlatform: boolean;
  /** Seconds since the epoch, for the times of the statements. */
  readonly epochSeconds: number | undefined;
}

/**
 * Shows the files of a platform until the stack is disposed. The statements about them are files among them, as BuildKit writes them:
 * the subjects are all files, by their paths. @throws EngineError invalid for two statements of one name; noSpace, cancelled
 */
export async function attestedTree(
  deps: AttestedTree,
  { platform, held }: { readonly platform: ExportedPlatform; readonly held: AsyncDisposableStack },
  signal: AbortSignal,
): Promise<string> {
  const { snapshots } = deps;
  const { tree, attestations } = platform;
  const statements = attestations.filter(({ isInlineOnly }) => !isInlineOnly);
  const layers = tree.kind === 'folder' ? [] : layerKeys(tree);
  if (statements.length === 0) {
    return tree.kind === 'folder' ? tree.path : held.use(await snapshots.sealed.view(layers)).path;
  }
  const id = newTreeRootId();
  held.defer(() => snapshots.removeWritable(id));
  await snapshots.createWritable(id, layers);
  const root = await snapshots.mount(id, { isVolatile: true });
  if (tree.kind === 'folder') await snapshots.trees.copy({ source: tree.path, target: root }, signal);
  const self: InTotoSubject[] = [];
  for await (const name of filesOf(root)) {
    self.push({ name, digest: { sha256: await sumOf(join(root, name), signal) } });
  }
  const written = new Set<string>();
  for (const statement of statements) {
    const name = fileName(deps, statement, platform);
    if (written.has(name)) throw new EngineError('invalid', `duplicate attestation path ${name}`);
    written.add(name);
    await writeStatement(deps, { root, path: `/${name}`, statement, self }, signal);
  }
  return root;
}

/** `provenance.json`, or `provenance.linux_arm_v7.json`. */
function fileName(
  { prefix, namesPlatform }: AttestedTree,
  { fileName }: ExportedAttestation,
  { id }: ExportedPlatform,
) {
  if (!namesPlatform) return `${prefix}${fileName}`;
  const extension = extname(fileName);
  return `${prefix}${fileName.slice(0, fileName.length - extension.length)}.${id.replaceAll('/', '_')}${extension}`;
}

/** Writes within the root, whatever symlinks the tree has. */
async function writeStatement(
  { snapshots: { rootFiles: files }, epochSeconds }: AttestedTree,
  made: {
    readonly root: string;
    readonly path: string;
    readonly statement: ExportedAttestation;
    /** All files, by their paths. */
    readonly self: readonly InTotoSubject[];
  },
  signal: AbortSignal,
): Promise<void> {
  const { root, path, statement, self } = made;
  const { predicateType, predicate, subjects = [] } = statement;
  const subject = subjectsOf(subjects, self);
  const document = { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate };
  const bytes = Buffer.from(JSON.stringify(document, undefined, 2));
  const time = epochSeconds === undefined ? {} : { timeSeconds: epochSeconds };
  await files.remove({ root, path, hasWildcards: false, mayBeMissing: true }, signal);
  const folder = posix.dirname(path);
  if (folder !== '/')
    await files.makeDirectory({ root, path: folder, mode: 0o755, makesParents: true, ...time }, signal);
  await files.makeFile({ root, path, bytes, mode: 0o600, ...time }, signal);
}

/** Paths of regular files, in the order of a walk. */
export async function* filesOf(root: string, folder = ''): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(root, path);
    else if (entry.isFile()) yield path;
  }
}

async function sumOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}
