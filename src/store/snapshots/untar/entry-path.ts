import { invalid } from '../../../base/errors.ts';
import { showName } from '../../../io/index.ts';

/** A name with an empty, `.` or `..` component, or a slash at either end. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * The path of an archive's entry below the root, without slashes at either end. The root itself is ''. Absolute names
 * are taken relative to the root.
 * @throws EngineError invalid for a name that leaves the root
 */
export function cleanName(name: string): string {
  if (!UNCLEAN.test(name)) return name;
  return resolveInside([], name) ?? refuse(name);
}

/** The target of a hard link, below the root. @throws EngineError invalid */
export function cleanLink(name: string, target: string): string {
  const path = resolveInside([], target);
  if (path === undefined || path === '') throw invalid(`invalid hardlink ${showName(name)} -> ${showName(target)}`);
  return path;
}

/** @throws EngineError invalid for a symlink with an empty target */
export function checkTarget(path: string, target: string): void {
  if (target === '') throw invalid(`invalid symlink ${showName(path)}: it has no target`);
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function refuse(name: string): never {
  throw invalid(`invalid archive: ${showName(name)} is outside of the root`);
}

/** Resolves lexically. Returns undefined for a path that leaves the root. */
function resolveInside(from: readonly string[], path: string): string | undefined {
  const parts = [...from];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
