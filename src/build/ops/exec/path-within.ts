import { join } from 'node:path';
import { EngineError, invalid } from '../../../base/errors.ts';
import { followLinks } from '../../../base/follow-links.ts';
import { readLinkInRoot, statInRoot } from '../../../linux/index.ts';

const MOST_LINKS = 255;

/**
 * Returns the path on the host of something in a root that does not change. Symlinks lead nowhere else.
 * @throws EngineError notFound; invalid for a loop
 */
export function pathWithin(root: string, path: string): string {
  const resolved = resolveIn(root, path);
  if (statInRoot(root, resolved) === undefined) throw new EngineError('notFound', `"${join('/', path)}": not found`);
  return join(root, resolved);
}

/** Resolves the symlinks of a path in a root. What is missing counts as directories. @throws EngineError invalid for a loop */
export function resolveIn(root: string, path: string): string {
  const resolved = followLinks(join('/', path), (each) => readLinkInRoot(root, each), MOST_LINKS);
  if (resolved === undefined) throw invalid(`${path}: too many levels of symbolic links`);
  return resolved;
}
