import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Scalar as ScalarNode,
  visit,
} from 'yaml';
import { resolveScalar } from '../../go/resolve-scalar.ts';
import { isList, isMapping, type Mapping, type Value } from '../../model/value.ts';
import { type Source, sourceError } from './source.ts';

/** Paths of values with `!reset` or `!override`: what earlier files have there is dropped. */
export type Resets = readonly (readonly string[])[];

/** As many nodes as a document may have after its aliases are replaced. */
const NODES_MAX = 500_000;
const LEVELS_MAX = 200;

interface Reading {
  readonly source: Source;
  /** The nodes that aliases stand for. */
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly resets: (readonly string[])[];
  /** Aliases that are being replaced, to find those that contain themselves. */
  readonly open: Set<Node>;
  nodes: number;
}

const DROPPED = Symbol('dropped');

/** Converts a parsed document to values: replaces aliases and merge keys, and collects `!reset` and `!override`. @throws SourceError */
export function readDocument(source: Source, document: Document): { readonly value: Value; readonly resets: Resets } {
  const reading: Reading = { source, targets: targetsOf(document), resets: [], open: new Set(), nodes: 0 };
  const value = read(reading, document.contents as Node | null, []);
  return { value: value === DROPPED ? null : value, resets: reading.resets };
}

function read(reading: Reading, node: Node | null, path: readonly string[]): Value | typeof DROPPED {
  if (node === null) return null;
  if (++reading.nodes > NODES_MAX) throw faultAt(reading, node, `more than ${NODES_MAX} values: too many aliases`);
  if (path.length > LEVELS_MAX) throw faultAt(reading, node, `more than ${LEVELS_MAX} levels`);
  if (isAlias(node)) return readAlias(reading, node, path);
  if (node.tag === '!reset') {
    reading.resets.push(path);
    return DROPPED;
  }
  if (node.tag === '!override') reading.resets.push(path);
  if (isMap(node)) return readMapping(reading, node.items, path);
  if (isSeq(node)) {
    const items = node.items.map((item, index) => read(reading, item as Node, [...path, String(index)]));
    return items.filter((item) => item !== DROPPED);
  }
  return isScalar(node) ? readScalar(reading, node) : null;
}

/** Finds the node of each alias: the last one before it that has its anchor. */
function targetsOf(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function readAlias(reading: Reading, node: Alias, path: readonly string[]): Value | typeof DROPPED {
  const target = reading.targets.get(node);
  if (target === undefined) throw faultAt(reading, node, 'the alias has no anchor');
  if (reading.open.has(target)) throw faultAt(reading, node, 'the alias is within its own anchor');
  reading.open.add(target);
  const value = read(reading, target, path);
  reading.open.delete(target);
  return value;
}

function readMapping(reading: Reading, items: readonly unknown[], path: readonly string[]): Mapping {
  const own = new Map<string, Value>();
  const keys = new Map<string, Node | null>();
  const merged: Mapping[] = [];
  for (const item of items) {
    if (!isPair(item)) continue;
    const key = keyOf(reading, item.key as Node | null, path);
    const node = item.value as Node | null;
    const before = keys.get(key);
    if (before !== undefined)
      throw faultAt(
        reading,
        item.key as Node,
        `mapping key "${key}" already defined at line ${lineOf(reading, before)}`,
      );
    keys.set(key, item.key as Node | null);
    if (key === '<<' && isPlain(item.key as Node)) merged.push(...mergedMappings(reading, node, path));
    else {
      const value = read(reading, node, [...path, key]);
      if (value !== DROPPED) own.set(key, value);
    }
  }
  for (const mapping of merged) for (const [key, value] of mapping) if (!own.has(key)) own.set(key, value);
  return own;
}

/** The mappings of a merge key `<<`: of two, the first has precedence. */
function mergedMappings(reading: Reading, node: Node | null, path: readonly string[]): Mapping[] {
  const value = read(reading, node, path);
  const mappings = isList(value as Value) ? (value as readonly Value[]) : [value as Value];
  return mappings.map((mapping) => {
    if (isMapping(mapping)) return mapping;
    throw faultAt(reading, node, 'a merge key needs a mapping, or a list of mappings');
  });
}

function isPlain(node: Node): boolean {
  return isScalar(node) && (node.type === 'PLAIN' || node.type === undefined);
}

function keyOf(reading: Reading, given: Node | null, path: readonly string[]): string {
  const node = given !== null && isAlias(given) ? (reading.targets.get(given) ?? null) : given;
  const value = isScalar(node) ? readScalar(reading, node) : null;
  if (typeof value === 'string') return value;
  const where = path.length === 0 ? 'at top level' : `in ${path.join('.')}`;
  const shown = isScalar(node) ? String(node.source ?? node.value) : 'a collection';
  throw faultAt(reading, node ?? given, `non-string key ${where}: ${shown === '' ? 'null' : shown}`);
}

const CORE = 'tag:yaml.org,2002:';

function readScalar(reading: Reading, node: ScalarNode): Value {
  const text = String(node.value ?? '');
  const tag = node.tag?.startsWith(CORE) ? node.tag.slice(CORE.length) : node.tag;
  if (tag === 'binary') return Buffer.from(text, 'base64').toString();
  const isTyped = tag === 'int' || tag === 'float' || tag === 'bool' || tag === 'null';
  if (!isTyped && (!isPlain(node) || (tag !== undefined && tag !== '!override'))) return text;
  const scalar = resolveScalar(text);
  if (!isTyped || scalar.tag === tag) return scalar.value;
  if (tag === 'float' && scalar.tag === 'int') return Number(scalar.value);
  throw faultAt(reading, node, `cannot read ${JSON.stringify(text)} as !!${tag}`);
}

function lineOf(reading: Reading, node: Node | null): number {
  return reading.source.lines.linePos(node?.range?.[0] ?? 0).line;
}

function faultAt(reading: Reading, node: Node | null, message: string): Error {
  const offset = node?.range?.[0];
  if (offset === undefined) return sourceError(reading.source.file, undefined, message);
  const { line, col } = reading.source.lines.linePos(offset);
  return sourceError(reading.source.file, { line, column: col }, message);
}
