import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Descriptor, Index } from '../../../spec/index.ts';
import { parseIndex, parseReference } from '../../../spec/index.ts';
import { TAG } from './digest-in-index.ts';

const NAME = 'io.containerd.image.name';

/**
 * Names an image in the index of an OCI layout, which then lists it instead of another one of that name. What else the index
 * lists stays. @throws EngineError invalid for a broken index
 */
export function writeIndex(folder: string, response: ReadonlyMap<string, string>): void {
  const given = response.get('containerimage.descriptor');
  if (given === undefined) return;
  const [target] = parseIndex({ manifests: [JSON.parse(Buffer.from(given, 'base64').toString())] }).manifests;
  if (target === undefined) return;
  const names = (response.get('image.name') ?? '').split(',').filter((name) => name !== '');
  addToIndex(folder, names.length === 0 ? [named(target, undefined)] : names.map((name) => named(target, name)));
}

/** Names the cache that a build has exported, by a tag. @throws EngineError invalid for a broken index */
export function writeCacheIndex(folder: string, tag: string, response: ReadonlyMap<string, string>): void {
  const given = response.get('cache.manifest');
  if (given === undefined) return;
  const { manifests } = parseIndex({ manifests: [JSON.parse(given)] });
  addToIndex(
    folder,
    manifests.map((target) => ({ ...target, annotations: { ...target.annotations, [TAG]: tag } })),
  );
}

function addToIndex(folder: string, added: readonly Descriptor[]): void {
  const path = join(folder, 'index.json');
  const known = existsSync(path) ? parseIndex(JSON.parse(readFileSync(path, 'utf8'))).manifests : [];
  const taken = new Set(added.map(nameOf));
  const others = known.filter((each) => !taken.has(nameOf(each)));
  const index: Index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [...others, ...added],
  };
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(`${path}.new`, JSON.stringify(index));
  renameSync(`${path}.new`, path);
}

function named(target: Descriptor, name: string | undefined): Descriptor {
  const tag = name === undefined ? 'latest' : (parseReference(name).tag ?? 'latest');
  const image = name === undefined ? {} : { [NAME]: name };
  return { ...target, annotations: { ...target.annotations, ...image, [TAG]: tag } };
}

function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[NAME] ?? annotations?.[TAG];
}
