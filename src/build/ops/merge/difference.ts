import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepContext } from '../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree } from '../../tree.ts';
import { openTree, openTreeRoot, type RootPorts, type TreeRoot } from '../tree-root.ts';

/**
 * Returns what a tree has over another one. On overlay it is one layer, whose deletions hide files of the trees that it is laid
 * over. On vfs, where layers are whole trees and hide nothing, it is the tree of added and changed files; where there are
 * deletions, it stands on a tree with an empty file for each of them. @throws EngineError noSpace, cancelled
 */
export async function difference(
  ports: RootPorts,
  { below, above }: { readonly below: LayeredTree; readonly above: LayeredTree },
  context: StepContext,
): Promise<LayeredTree> {
  await using lower = await openTree(ports, below);
  await using upper = await openTree(ports, above);
  const made = { description: above.layers.at(-1)?.description ?? '' };
  const apply = async (root: TreeRoot, part: 'all' | 'present' | 'deleted'): Promise<LayeredTree> => {
    const request = { lower: lower.path, upper: upper.path, target: root.path, part };
    await ports.snapshots.rootFiles.applyChanges(request, context.signal);
    return await root.seal(made, context);
  };
  if (ports.snapshots.driver !== 'vfs') {
    await using root = await openTreeRoot(ports, below, context.signal);
    const { layers } = await apply(root, 'all');
    return { kind: 'layers', layers: layers.slice(below.layers.length) };
  }
  await using marks = await openTreeRoot(ports, EMPTY_TREE, context.signal);
  const deleted = await apply(marks, 'deleted');
  const base = deleted.layers.every(({ key }) => key === undefined) ? EMPTY_TREE : deleted;
  await using root = await openTreeRoot(ports, base, context.signal);
  const everything = { root: root.path, path: '/*', hasWildcards: true, mayBeMissing: true };
  await ports.snapshots.rootFiles.remove(everything, context.signal);
  return await apply(root, 'present');
}

/** Does to a root on vfs what a difference has deleted. */
export async function deleteAsIn(
  ports: RootPorts,
  { tree, root }: { readonly tree: LayeredTree; readonly root: TreeRoot },
  context: StepContext,
): Promise<void> {
  const [marks, changes] = tree.layers;
  if (marks === undefined || changes === undefined) return;
  await using opened = await openTree(ports, { kind: 'layers', layers: [marks] });
  for await (const path of filesOf(opened.path)) {
    const request = { root: root.path, path, mayBeMissing: true };
    await ports.snapshots.rootFiles.remove(request, context.signal);
  }
}

async function* filesOf(root: string, folder = '/'): AsyncGenerator<string, void, undefined> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(root, path);
    else yield path;
  }
}
