import { EngineError } from '../../../base/errors.ts';
import type { SentTree } from '../../session/index.ts';
import type { ExportedPlatform, ExportedResult } from '../exporter.ts';
import { epochOf, flag } from '../image/image-options.ts';
import { type AttestedTree, attestedTree, filesOf } from './attested-tree.ts';

export interface FileOptions {
  /** Whether each platform has a folder. Undefined where the client leaves it to us. */
  readonly isSplit: boolean | undefined;
  readonly attestationPrefix: string;
  /** Seconds since the epoch. */
  readonly epochSeconds: number | undefined;
}

/** @throws EngineError invalid */
export function fileOptions(attrs: ReadonlyMap<string, string>): FileOptions {
  return {
    isSplit: flag(attrs, 'platform-split'),
    attestationPrefix: attrs.get('attestation-prefix') ?? '',
    epochSeconds: epochOf(attrs),
  };
}

export interface OpenedTrees extends AsyncDisposable {
  /** By the order of their folders. */
  readonly trees: readonly SentTree[];
}

/**
 * Shows the files of every platform, and the statements about them, until it is disposed. Split platforms have folders.
 * @throws EngineError
 */
export async function openTrees(
  snapshots: AttestedTree['snapshots'],
  {
    result,
    options,
    isSplit,
  }: { readonly result: ExportedResult; readonly options: FileOptions; readonly isSplit: boolean },
  signal: AbortSignal,
): Promise<OpenedTrees> {
  const { attestationPrefix: prefix, epochSeconds } = options;
  // A name for each platform, where their files may come into one folder.
  const namesPlatform = result.isMultiple && options.isSplit === false;
  await using held = new AsyncDisposableStack();
  const trees: SentTree[] = [];
  for (const platform of result.platforms) {
    const deps = { snapshots, prefix, namesPlatform, epochSeconds };
    const root = await attestedTree(deps, { platform, held }, signal);
    trees.push({ root, folder: isSplit ? folderOf(platform) : '' });
  }
  if (!isSplit) await refuseOverwriting(result, trees);
  const kept = held.move();
  const ordered = trees.toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
  return { trees: ordered, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** `linux/arm/v7` as `linux_arm_v7`. */
function folderOf({ id }: ExportedPlatform): string {
  return id.replaceAll('/', '_');
}

/** @throws EngineError failed */
async function refuseOverwriting({ platforms }: ExportedResult, trees: readonly SentTree[]): Promise<void> {
  if (trees.length < 2) return;
  const known = new Map<string, string>();
  for (const [at, { root }] of trees.entries()) {
    const id = platforms[at]?.id ?? '';
    for await (const path of filesOf(root)) {
      const other = known.get(path);
      if (other !== undefined) {
        const what = `cannot overwrite ${path} from ${other} with ${id}`;
        throw new EngineError('failed', `${what} when split option is disabled`);
      }
      known.set(path, id);
    }
  }
}
