/**
 * Resolves the symlinks of an absolute path, one component after the other. `linkAt` gets a path that is already
 * resolved. It returns the target of a symlink, and undefined for any other file: a missing file counts as a directory.
 * The parent of the root is the root. @returns the path without symlinks; undefined after more than `most` symlinks
 */
export function followLinks(
  path: string,
  linkAt: (path: string) => string | undefined,
  most: number,
): string | undefined {
  let resolved: readonly string[] = [];
  const pending = path.split('/').reverse();
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const next = [...resolved, name];
    const target = linkAt(`/${next.join('/')}`);
    if (target === undefined) {
      resolved = next;
      continue;
    }
    links += 1;
    if (links > most) return undefined;
    if (target.startsWith('/')) resolved = [];
    pending.push(...target.split('/').reverse());
  }
  return `/${resolved.join('/')}`;
}
