import { invalid } from '../../base/errors.ts';
import { NeedsParents } from './untar/untar-errors.ts';
import type { TreeJob, UnpackedTree } from './worker/tree-job.ts';
import type { TreePool } from './worker/tree-pool.ts';

/** Unpacks over the layers below. All of them are unpacked, so that a missing target of a hard link is an error. */
export async function unpackMerged(
  pool: TreePool,
  archive: Pick<TreeJob & { kind: 'unpack' }, 'file' | 'diffId' | 'limits' | 'target'>,
  signal: AbortSignal,
  progress?: (bytesRead: number) => void,
): Promise<UnpackedTree> {
  try {
    return await pool.run({ kind: 'unpack', ...archive, mode: 'merged' }, signal, progress);
  } catch (error) {
    throw error instanceof NeedsParents ? invalid(error.message, error) : error;
  }
}
