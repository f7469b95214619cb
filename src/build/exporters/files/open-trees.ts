import type { OpenSnapshots } from '../../../store/index.ts';
import type { SentTree } from '../../session/index.ts';
import { layerKeys } from '../../tree.ts';
import type { ExportedPlatform, ExportedResult } from '../exporter.ts';
import { flag } from '../image/image-options.ts';

/** Shows the files of every platform until it is disposed. Several platforms have folders, unless the client says else. */
export async function openTrees(
  snapshots: Pick<OpenSnapshots, 'sealed'>,
  { platforms, isMultiple }: ExportedResult,
  attrs: ReadonlyMap<string, string>,
): Promise<{ readonly trees: readonly SentTree[]; readonly isSplit: boolean } & AsyncDisposable> {
  const isSplit = flag(attrs, 'platform-split') ?? isMultiple;
  await using held = new AsyncDisposableStack();
  const trees: SentTree[] = [];
  for (const platform of platforms) {
    trees.push({ root: await rootOf(snapshots, platform, held), folder: isSplit ? folderOf(platform) : '' });
  }
  const kept = held.move();
  return { trees, isSplit, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** `linux/arm/v7` as `linux_arm_v7`. */
function folderOf({ id }: ExportedPlatform): string {
  return id.replaceAll('/', '_');
}

async function rootOf(
  snapshots: Pick<OpenSnapshots, 'sealed'>,
  { tree }: ExportedPlatform,
  held: AsyncDisposableStack,
): Promise<string> {
  if (tree.kind === 'folder') return tree.path;
  return held.use(await snapshots.sealed.view(layerKeys(tree))).path;
}
