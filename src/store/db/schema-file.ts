import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineError, errnoOf, internal } from '../../base/errors.ts';
import { writeFileAtomic } from '../../io/index.ts';

/**
 * `<root>/schema` holds the number of the newest schema that an engine has begun to write on this root. It is written
 * before the first step of a migration. An older engine therefore refuses the root before it opens anything else, even
 * when the migration was interrupted. A root without the file has schema 1.
 */
const SCHEMA_FILE = 'schema';

/** @throws EngineError internal for a root of a newer engine, before anything is changed */
export function refuseNewerSchema(root: string, known: number): void {
  const path = join(root, SCHEMA_FILE);
  const schema = readSchema(path);
  if (schema > known) throw newerSchema(path, schema, known);
}

/** The error for a newer schema. `path` is the file that has its number. */
export function newerSchema(path: string, schema: number, known: number): EngineError {
  return internal(
    `${path} was written by a newer engine (schema ${schema}, this engine knows ${known}): ` +
      'run that engine or use another --data-root',
  );
}

/**
 * Writes the number durably, unless it is there.
 * @throws EngineError noSpace
 */
export function announceSchema(root: string, schema: number): void {
  const path = join(root, SCHEMA_FILE);
  if (readSchema(path) === schema) return;
  writeFileAtomic(path, `${schema}\n`, { durable: true, mode: 0o644 });
}

/** Returns 0 without the file. */
function readSchema(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
  if (!/^\d{1,9}$/.test(text)) throw internal(`${path} is damaged: it must hold the number of a schema`);
  return Number(text);
}
