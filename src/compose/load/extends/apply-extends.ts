import { ModelError } from '../../model/kind.ts';
import { isMapping, type Mapping, typeName, type Value } from '../../model/value.ts';
import { dropReset } from '../merge/drop-reset.ts';
import { mergeService } from '../merge/merge.ts';
import type { Resets } from '../yaml/read-document.ts';
import { causedBy } from '../yaml/with-place.ts';

/** The services of a file, ready to be extended. */
export interface ServicesOf {
  /** Shown in messages. */
  readonly file: string;
  readonly services: Mapping;
  readonly resets: Resets;
}

/** Gets the services of another file, by the path in `extends.file`. Their own paths are relative to the project. */
export type LoadBase = (file: string) => Promise<ServicesOf>;

interface Reference {
  readonly file: string;
  readonly service: string;
}

/** Replaces `extends` in all services by what they extend. @throws ModelError for a missing service and for circles */
export async function applyExtends(
  project: Mapping,
  of: Omit<ServicesOf, 'services'>,
  loadBase: LoadBase,
): Promise<Mapping> {
  const given = project.get('services');
  if (given === undefined || given === null) return project;
  if (!isMapping(given)) throw new ModelError(['services'], `must be a mapping, not a ${typeName(given)}`);
  const files = new Map<string, Promise<ServicesOf>>();
  const load: LoadBase = (file) => {
    const loading = files.get(file) ?? loadBase(file);
    files.set(file, loading);
    return loading;
  };
  const services = new Map<string, Value>();
  const found = new Map<string, Promise<Value>>();
  for (const name of given.keys())
    services.set(name, await extendOnce(name, { ...of, services: given }, { load, chain: [], found }));
  return new Map([...project, ['services', services]]);
}

/** As many services may extend each other in a chain. */
const CHAIN_MAX = 100;

interface Walk {
  readonly load: LoadBase;
  readonly chain: readonly Reference[];
  /** Services that are extended already, or being so, by file and name. */
  readonly found: Map<string, Promise<Value>>;
}

/** Extends a service once, however many others extend it. */
function extendOnce(name: string, of: ServicesOf, walk: Walk): Promise<Value> {
  const here = { file: of.file, service: name };
  const path = ['services', name, 'extends'];
  if (walk.chain.some((each) => each.file === here.file && each.service === name))
    throw new ModelError(path, circle([...walk.chain, here]));
  if (walk.chain.length > CHAIN_MAX) throw new ModelError(path, `more than ${CHAIN_MAX} services extend each other`);
  const key = `${of.file}\0${name}`;
  const found = walk.found.get(key) ?? extended(name, of, { ...walk, chain: [...walk.chain, here] });
  walk.found.set(key, found);
  return found;
}

async function extended(name: string, of: ServicesOf, walk: Walk): Promise<Value> {
  const service = of.services.get(name) ?? null;
  if (service === null) return null;
  const path = ['services', name];
  if (!isMapping(service)) throw new ModelError(path, `must be a mapping, not a ${typeName(service)}`);
  const extension = service.get('extends');
  if (extension === undefined || extension === null) return service;
  const { file, ref } = referenceOf(extension, path);
  const from = file === undefined ? of : await causedBy([...path, 'extends', 'file'], () => walk.load(file));
  if (!from.services.has(ref)) {
    const where = file === undefined ? '' : ` in ${file}`;
    throw new ModelError(
      [...path, 'extends'],
      `cannot extend service ${JSON.stringify(name)} in ${of.file}: service ${JSON.stringify(ref)} not found${where}`,
    );
  }
  const base = await extendOnce(ref, from, walk);
  if (!isMapping(base)) return service;
  const source = dropReset(new Map([['services', new Map([[name, base]])]]), of.resets);
  const kept = (source.get('services') as Mapping | undefined)?.get(name);
  const merged = new Map(mergeService(isMapping(kept) ? kept : new Map(), service, name));
  merged.delete('extends');
  return merged;
}

function referenceOf(extension: Value, path: readonly string[]): { file: string | undefined; ref: string } {
  if (typeof extension === 'string') return { file: undefined, ref: extension };
  const at = [...path, 'extends'];
  if (!isMapping(extension)) throw new ModelError(at, `must be a string or a mapping, not a ${typeName(extension)}`);
  const [ref, file] = [extension.get('service'), extension.get('file')];
  if (typeof ref !== 'string') throw new ModelError(at, 'needs the key "service"');
  if (file !== undefined && file !== null && typeof file !== 'string')
    throw new ModelError([...at, 'file'], `must be a string, not a ${typeName(file)}`);
  return { file: file ?? undefined, ref };
}

function circle([first, ...rest]: readonly Reference[]): string {
  const lines = rest.map(({ file, service }) => `  extends ${service} in ${file}`);
  return ['Circular reference:', `  ${first?.service} in ${first?.file}`, ...lines].join('\n');
}
