import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Position, Source } from './source.ts';

/** How much of a path a file has, and where. */
export interface Located {
  readonly file: string;
  readonly position: Position;
  /** The number of keys of the path that were found. */
  readonly depth: number;
}

/** Finds the key of a path in the file that has most of it; of two, in the later one, which overrides the other. */
export function locate(sources: readonly Source[], path: readonly string[]): Located | undefined {
  let best: Located | undefined;
  for (const source of sources)
    for (const document of source.documents) {
      const found = walk(source, document.contents as Node | null, path);
      if (found !== undefined && (best === undefined || found.depth >= best.depth)) best = found;
    }
  return best;
}

function walk(source: Source, root: Node | null, path: readonly string[]): Located | undefined {
  const anchors = source.documents;
  let node: Node | null = root;
  let at: Node | null = root;
  let depth = 0;
  for (const key of path) {
    const target: Node | null = isAlias(node) ? resolveAlias(anchors, node) : node;
    const step = isMap(target) ? pairOf(target.items, key) : isSeq(target) ? itemOf(target.items, key) : undefined;
    if (step === undefined) break;
    at = step.at;
    node = step.value;
    depth++;
  }
  const offset = at?.range?.[0];
  if (offset === undefined) return undefined;
  const { line, col } = source.lines.linePos(offset);
  return { file: source.file, position: { line, column: col }, depth };
}

function resolveAlias(documents: Source['documents'], node: Node): Node | null {
  if (!isAlias(node)) return node;
  for (const document of documents) {
    const target = node.resolve(document);
    if (target !== undefined) return target;
  }
  return null;
}

function pairOf(items: readonly unknown[], key: string): { at: Node; value: Node | null } | undefined {
  const pair = items.find(
    (item): item is Pair<Node, Node | null> => isPair(item) && isScalar(item.key) && textOf(item.key) === key,
  );
  return pair === undefined ? undefined : { at: pair.key, value: pair.value };
}

function textOf(scalar: { readonly value: unknown }): string {
  return String(scalar.value);
}

function itemOf(items: readonly unknown[], key: string): { at: Node; value: Node } | undefined {
  const item = items[Number(key.replace(/^\[|\]$/g, ''))] as Node | undefined;
  return item === undefined ? undefined : { at: item, value: item };
}
