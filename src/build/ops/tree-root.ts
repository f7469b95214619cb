import type { BuildPorts } from '../ports.ts';
import type { StepContext } from '../solver/index.ts';
import { EMPTY_TREE, type LayeredTree, layerKeys, newTreeRootId, type Tree } from '../tree.ts';

export type RootPorts = Pick<BuildPorts, 'snapshots' | 'collector'>;

/** A tree as a folder of the host, which must not be written to. */
export interface OpenTree extends AsyncDisposable {
  readonly path: string;
}

/** Shows a tree until the result is disposed. @throws EngineError notFound, noSpace */
export async function openTree({ snapshots }: RootPorts, tree: Tree): Promise<OpenTree> {
  if (tree.kind === 'folder') return { path: tree.path, async [Symbol.asyncDispose]() {} };
  return await snapshots.sealed.view(layerKeys(tree));
}

/** A tree that a step changes. It becomes a new tree by `seal`, or is gone when it is disposed. */
export interface TreeRoot extends AsyncDisposable {
  /** Name of the writable. */
  readonly id: string;
  readonly path: string;
  /**
   * Ends the changes. They are a layer over the tree that it began with, which stays until the step's result is
   * needed no more. @throws EngineError conflict, noSpace
   */
  seal(made: { readonly description: string }, context: StepContext): Promise<LayeredTree>;
}

/** @throws EngineError noSpace, cancelled */
export async function openTreeRoot(ports: RootPorts, tree: Tree, signal: AbortSignal): Promise<TreeRoot> {
  const { snapshots, collector } = ports;
  const id = newTreeRootId();
  const base = tree.kind === 'layers' ? tree : EMPTY_TREE;
  let isOpen = true;
  const remove = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await snapshots.removeWritable(id);
    await collector.collectHeldBack();
  };
  try {
    await snapshots.createWritable(id, layerKeys(base));
    // What a step has written is lost after a power cut in any case.
    const path = await snapshots.mount(id, { isVolatile: true });
    if (tree.kind === 'folder') await snapshots.trees.copy({ source: tree.path, target: path }, signal);
    return {
      ...{ id, path },
      async seal({ description }, context) {
        const lease = collector.lease();
        context.keep(lease);
        const key = await snapshots.sealed.seal(id, { keepsMountPoints: true });
        isOpen = false;
        if (key !== undefined) lease.layer(key);
        return { kind: 'layers', layers: [...base.layers, { key, description, createdAt: Date.now() }] };
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Returns the tree as layers. A folder is copied into one. @throws EngineError noSpace, cancelled */
export async function layered(ports: RootPorts, tree: Tree, context: StepContext): Promise<LayeredTree> {
  if (tree.kind === 'layers') return tree;
  await using root = await openTreeRoot(ports, tree, context.signal);
  return await root.seal({ description: 'local files' }, context);
}
