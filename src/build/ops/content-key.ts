import { createHash } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { PathSelection } from '../../store/index.ts';
import type { InputSum } from '../solver/index.ts';
import type { Tree } from '../tree.ts';
import { openTree, type RootPorts } from './tree-root.ts';

/** The digest of what an op does. `what` is JSON; its numbers may be bigints. */
export function definitionDigest(kind: string, what: unknown): Digest {
  const text = JSON.stringify([kind, what], (_key, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Uint8Array)
      return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
    return value;
  });
  return digestOfText(text);
}

/** Sums what a step reads of an input. */
export function selectionSum(ports: RootPorts, selections: readonly PathSelection[]): InputSum<Tree> {
  return async (tree, { signal }) => {
    await using opened = await openTree(ports, tree);
    try {
      return digestOfText((await ports.snapshots.rootFiles.sums(opened.path, selections, signal)).join(' '));
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'notFound') throw error;
      const ref = tree.kind === 'folder' ? 'local' : (tree.layers.at(-1)?.key ?? 'scratch');
      const what = `failed to compute cache key: failed to calculate checksum of ref ${ref}`;
      throw new EngineError('notFound', `${what}: ${error.message}`, { cause: error });
    }
  };
}

function digestOfText(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}
