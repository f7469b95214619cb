import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIndex } from '../../../spec/index.ts';

/** Annotation with the tag of an entry. */
export const TAG = 'org.opencontainers.image.ref.name';

/** Returns the digest of what has a tag in a layout, or of the only thing in it. @throws EngineError invalid; errno errors */
export function digestInIndex(folder: string, tag: string): string | undefined {
  const { manifests } = parseIndex(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')));
  const tagged = manifests.find(({ annotations }) => annotations?.[TAG] === tag);
  return (tagged ?? (manifests.length === 1 ? manifests[0] : undefined))?.digest;
}
