import { createHash } from 'node:crypto';
import { writeJson } from '../config/write-json.ts';
import { type Service, service } from '../model/service.ts';

/** Fields that change no container. */
const IGNORED = new Set(['name', 'build', 'pull_policy', 'scale', 'depends_on', 'profiles', 'extensions', 'develop']);
const HASH_CHARACTERS = 8;

/**
 * A short hash of each field of a service, so that a later call can say which ones differ without keeping their values.
 */
export function keyHashes(given: Service): ReadonlyMap<string, string> {
  const keys = Object.keys(given).filter((key) => !IGNORED.has(key)) as (keyof Service)[];
  return new Map(keys.sort().map((key) => [key, hashOf(service.write({ [key]: given[key] }, 'json'))]));
}

function hashOf(output: ReturnType<typeof service.write>): string {
  return createHash('sha256').update(writeJson(output)).digest('hex').slice(0, HASH_CHARACTERS);
}

/** `command=1a2b3c4d,image=…`: the value of a label. */
export function formatKeyHashes(hashes: ReadonlyMap<string, string>): string {
  return [...hashes].map(([key, hash]) => `${key}=${hash}`).join(',');
}

/** The keys in which a service differs from such a label. Undefined when there is no label. */
export function changedKeys(
  label: string | undefined,
  hashes: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  if (label === undefined) return undefined;
  const before = new Map(
    label.split(',').flatMap((entry) => {
      const [key = '', hash = ''] = entry.split('=');
      return key === '' ? [] : [[key, hash] as const];
    }),
  );
  const keys = new Set([...before.keys(), ...hashes.keys()]);
  return [...keys].filter((key) => before.get(key) !== hashes.get(key)).sort();
}
