import type { TreePool } from '../worker/tree-pool.ts';
import type { RootFiles } from './root-files.ts';

export function openRootFiles(pool: Pick<TreePool, 'run'>): RootFiles {
  return {
    sums: (root, selections, signal) => pool.run({ kind: 'sum', root, selections }, signal),
  };
}
