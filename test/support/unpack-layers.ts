import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from './busybox-image.ts';

/** Names, sorted, each with kind, mode, owner and content: `t/x file 644 0:0 "text"`. Names of one file are marked. */
export type TreeListing = readonly string[];

interface Node {
  kind: 'directory' | 'file' | 'symlink';
  mode: number;
  owner: string;
  readonly content: string;
}

/**
 * The root after unpacking these layers, bottom first, by the rules of the OCI image specification (layer.md). It works
 * in memory, without any of the code that it is compared with. A whiteout must precede its own layer's entry of that
 * name.
 * @throws Error for layers that no engine unpacks
 */
export function unpackLayers(layers: readonly (readonly TarEntry[])[]): TreeListing {
  const tree = new Map<string, Node>();
  for (const entries of layers) {
    for (const entry of entries) {
      const slash = entry.name.lastIndexOf('/');
      if (entry.name.startsWith('.wh.', slash + 1)) hide(tree, entry.name);
      else place(tree, entry);
    }
  }
  const linkedAs = new Map<Node, string>();
  return [...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, node]) => {
      const first = linkedAs.get(node);
      if (first !== undefined) return `${path} is ${first}`;
      linkedAs.set(node, path);
      return line(path, node);
    });
}

function hide(tree: Map<string, Node>, name: string): void {
  const slash = name.lastIndexOf('/');
  const base = name.slice(slash + 1);
  const parent = slash < 0 ? '' : resolve(tree, name.slice(0, slash));
  makeParents(tree, parent);
  const inside = parent === '' ? '' : `${parent}/`;
  if (base !== '.wh..wh..opq') remove(tree, `${inside}${base.slice(4)}`);
  else for (const path of [...tree.keys()]) if (path !== inside && path.startsWith(inside)) tree.delete(path);
}

function place(tree: Map<string, Node>, entry: TarEntry): void {
  const name = entry.name.replace(/\/$/, '');
  const slash = name.lastIndexOf('/');
  const parent = slash < 0 ? '' : resolve(tree, name.slice(0, slash));
  makeParents(tree, parent);
  const path = parent === '' ? name : `${parent}/${name.slice(slash + 1)}`;
  const { type = 'file', uid = 0, gid = 0 } = entry;
  if (type === 'link') {
    const target = tree.get(resolve(tree, entry.target ?? ''));
    if (target === undefined) throw new Error(`${path} links to nothing`);
    remove(tree, path);
    tree.set(path, target);
    return;
  }
  if (type !== 'directory' && type !== 'file' && type !== 'symlink')
    throw new Error(`${path} is of a kind that no form has`);
  const isMerged = type === 'directory' && tree.get(path)?.kind === 'directory';
  if (!isMerged) remove(tree, path);
  const mode = type === 'symlink' ? 0o777 : (entry.mode ?? (type === 'directory' ? 0o755 : 0o644));
  const content = type === 'symlink' ? (entry.target ?? '') : String(entry.content ?? '');
  tree.set(path, { kind: type, mode, owner: `${uid}:${gid}`, content });
}

function makeParents(tree: Map<string, Node>, path: string): void {
  if (path === '' || tree.get(path)?.kind === 'directory') return;
  if (tree.has(path)) throw new Error(`${path} is not a directory`);
  makeParents(tree, path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
  tree.set(path, { kind: 'directory', mode: 0o755, owner: '0:0', content: '' });
}

/** Resolves a path with its symlinks. A link's target is a name beside it. */
function resolve(tree: Map<string, Node>, path: string): string {
  let at = '';
  for (const name of path.split('/')) {
    at = at === '' ? name : `${at}/${name}`;
    for (let node = tree.get(at); node?.kind === 'symlink'; node = tree.get(at)) {
      at = [...at.split('/').slice(0, -1), node.content].join('/');
      if (!tree.has(at)) throw new Error(`${path} leads to nothing`);
    }
  }
  return at;
}

function remove(tree: Map<string, Node>, path: string): void {
  for (const other of [...tree.keys()]) if (other === path || other.startsWith(`${path}/`)) tree.delete(other);
}

/** The same listing of a folder on disk. Directories that `isWanted` refuses are not entered. */
export function listTree(root: string, isWanted: (path: string) => boolean = () => true): TreeListing {
  const linkedAs = new Map<string, string>();
  return namesBelow(root, '', isWanted)
    .sort()
    .map((path) => {
      const at = join(root, path);
      const stat = lstatSync(at);
      const owner = `${stat.uid}:${stat.gid}`;
      const mode = stat.mode & 0o7777;
      if (stat.isDirectory()) return line(path, { kind: 'directory', mode, owner, content: '' });
      if (stat.isSymbolicLink()) return line(path, { kind: 'symlink', mode, owner, content: readlinkSync(at) });
      if (!stat.isFile()) return `${path} is neither file nor directory`;
      const identity = `${stat.dev}:${stat.ino}`;
      const first = stat.nlink > 1 ? linkedAs.get(identity) : undefined;
      if (first !== undefined) return `${path} is ${first}`;
      linkedAs.set(identity, path);
      return line(path, { kind: 'file', mode, owner, content: readFileSync(at, 'utf8') });
    });
}

function namesBelow(root: string, folder: string, isWanted: (path: string) => boolean): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!isWanted(path)) return [];
    return entry.isDirectory() ? [path, ...namesBelow(root, path, isWanted)] : [path];
  });
}

function line(path: string, { kind, mode, owner, content }: Node): string {
  return `${path} ${kind} ${mode.toString(8)} ${owner}${kind === 'directory' ? '' : ` ${JSON.stringify(content)}`}`;
}
