import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';

/** A text in a Compose file that names another file. */
export interface NamedFile {
  readonly kind: 'extends' | 'envFile';
  readonly node: Scalar;
  readonly isInFlow: boolean;
  readonly value: string;
}

/** Finds the names in `extends.file` and `env_file` of all services of a document, through aliases and merged maps. */
export function namedFiles(document: Document): readonly NamedFile[] {
  const follow = (node: unknown): Node | undefined => {
    if (isAlias(node)) return node.resolve(document);
    return node === null || node === undefined ? undefined : (node as Node);
  };
  const entry = (map: Node | undefined, key: string): Node | undefined => {
    if (!isMap(map)) return undefined;
    const pair = map.items.find(({ key: each }) => isScalar(each) && String(each.value) === key);
    if (pair !== undefined) return follow(pair.value);
    const merged = map.items.find(({ key: each }) => isScalar(each) && String(each.value) === '<<');
    const from = follow(merged?.value);
    const maps = isSeq(from) ? from.items.map(follow) : [from];
    return maps.map((each) => entry(each, key)).find((found) => found !== undefined);
  };
  const found: NamedFile[] = [];
  const add = (kind: NamedFile['kind'], node: Node | undefined, isInFlow: boolean): void => {
    if (isScalar(node) && node.value !== null && node.value !== '')
      found.push({ kind, node, isInFlow, value: String(node.value) });
  };
  const services = entry(follow(document.contents), 'services');
  for (const { value } of isMap(services) ? services.items : []) {
    const service = follow(value);
    const isFlow = isInFlow(services) || isInFlow(service);
    const base = entry(service, 'extends');
    add('extends', entry(base, 'file'), isFlow || isInFlow(base));
    const list = entry(service, 'env_file');
    for (const item of isSeq(list) ? list.items.map(follow) : [list])
      add('envFile', isMap(item) ? entry(item, 'path') : item, isFlow || isInFlow(list) || isInFlow(item));
  }
  return found;
}

function isInFlow(node: unknown): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true;
}
