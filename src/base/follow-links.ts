/**
 * Resolves the symlinks of an absolute path, one component after the other. `linkAt` returns the target of the symlink at a
 * path that is resolved already, and undefined for anything else: what does not exist counts as a directory. A `..` at the
 * root stays there.
 * @returns the path without symlinks; undefined after more than `most` symlinks
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
