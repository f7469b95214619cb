import { readdirSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { ignoreRules } from '../../../spec/index.ts';

/** Symlinks on the way to one path. */
const LINKS_MAX = 255;

/**
 * Finds what paths of a directory lead to: each path, the symlinks on the way, and their targets, all relative to the directory
 * and without symlinks in between. The last names and those before may have wildcards. A link out of the directory stays in
 * it, as in a container's root. Undefined when all of the directory is wanted. Paths need not exist.
 */
export function followPaths(root: string, paths: readonly string[]): readonly string[] | undefined {
  const found = new Set<string>();
  for (const path of paths) {
    const parts = partsOf(posix.join('/', path));
    if (parts.length === 0) return undefined;
    if (!follow({ root, found }, [], { parts, links: 0 })) return undefined;
  }
  return [...found];
}

interface Search {
  readonly root: string;
  readonly found: Set<string>;
}

/** False when everything is wanted. */
function follow(
  search: Search,
  above: readonly string[],
  { parts, links }: { readonly parts: readonly string[]; readonly links: number },
): boolean {
  const [name, ...rest] = parts;
  if (name === undefined) {
    if (above.length === 0) return false;
    search.found.add(above.join('/'));
    return true;
  }
  if (name.includes('**')) return follow(search, above, { parts: [], links });
  return expand(search.root, above, name).every((each) => {
    const path = [...above, each];
    const target = linkOf(search.root, path);
    if (target === undefined || links >= LINKS_MAX) return follow(search, path, { parts: rest, links });
    search.found.add(path.join('/'));
    const to = partsOf(posix.join('/', posix.isAbsolute(target) ? '' : above.join('/'), target));
    return follow(search, [], { parts: [...to, ...rest], links: links + 1 });
  });
}

function expand(root: string, above: readonly string[], name: string): readonly string[] {
  if (!/[*?[\\]/.test(name)) return [name];
  const { ignores } = ignoreRules([name]);
  try {
    return readdirSync(posix.join(root, ...above)).filter(ignores);
  } catch {
    return [];
  }
}

function linkOf(root: string, path: readonly string[]): string | undefined {
  try {
    return readlinkSync(posix.join(root, ...path));
  } catch {
    return undefined;
  }
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}
