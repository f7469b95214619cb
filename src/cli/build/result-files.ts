import { writeFileSync } from 'node:fs';
import type { BuildResult } from '../../client/index.ts';

/** The image's ID: of its configuration, where the engine tells it. '' for a result that is no image. */
export function imageIdOf({ response }: BuildResult): string {
  return response.get('containerimage.config.digest') ?? response.get('containerimage.digest') ?? '';
}

/** Writes the fields of a result. Values that are JSON in base64 are written as JSON. */
export function writeMetadata(path: string, { ref, response }: BuildResult): void {
  const fields = [...response].map(([key, value]): readonly [string, unknown] => [key, decoded(value)]);
  const all = Object.fromEntries([...fields, ['buildx.build.ref', `default/default/${ref}`]].sort());
  writeFileSync(path, `${JSON.stringify(all, undefined, 2)}`);
}

function decoded(value: string): unknown {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(value)) return value;
  try {
    const json: unknown = JSON.parse(Buffer.from(value, 'base64').toString());
    return typeof json === 'object' && json !== null ? json : value;
  } catch {
    return value;
  }
}
