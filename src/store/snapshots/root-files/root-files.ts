import type { Digest } from '../../../base/ids.ts';
import type { PathSelection } from './path-selection.ts';

/**
 * Work of a build on files of roots: of mounted writables, and of views of layers. It runs in threads. The kernel resolves
 * every path within its root: neither `..` nor symlinks lead out.
 *
 * Words: a *root* is the folder of a tree, as a path on the host. A *selection* names paths in it, perhaps by patterns.
 */
export interface RootFiles {
  /**
   * Returns the content sum of each selection: sha256 over modes, owners, kinds, links, extended attributes and bytes,
   * but not times. For a selection without wildcards and patterns it is that of the file or tree, whatever its name.
   * Otherwise the names count too, and a selection of nothing has a sum as well.
   * @throws EngineError notFound for a path without wildcards; invalid for a broken pattern; cancelled
   */
  sums(root: string, selections: readonly PathSelection[], signal: AbortSignal): Promise<readonly Digest[]>;
}
