import type { DatabaseSync } from 'node:sqlite';
import { internal } from '../../base/errors.ts';
import { networkPools } from './network-pools.ts';
import { newerSchema } from './schema-file.ts';

/** "GNTY". It distinguishes our file from other SQLite databases. */
const APPLICATION_ID = 0x474e5459;

/** A migration from one schema version to the next. A released migration is never changed. */
export type Migration = (db: DatabaseSync) => void;

/**
 * The first n migrations lead to version n. `StateDb.table` makes tables by itself: migrations change their content.
 */
export const MIGRATIONS: readonly Migration[] = [
  // Version 1: the first schema.
  () => {},
  networkPools,
];

export interface MigrateOptions {
  readonly migrations?: readonly Migration[];
  /** Called with the number of the newest schema before the first migration. May throw. */
  readonly announce?: (schema: number) => void;
}

/**
 * Migrates a database to the newest schema, one transaction per step. An interrupted migration is continued by the next
 * call.
 * @throws EngineError internal for a file of another program or a newer engine; the errors of `announce`
 */
export function migrate(db: DatabaseSync, path: string, options: MigrateOptions = {}): void {
  const { migrations = MIGRATIONS, announce = () => {} } = options;
  const version = schemaOf(db, path, migrations.length);
  if (version === migrations.length) return;
  announce(migrations.length);
  for (let next = version; next < migrations.length; next++) {
    db.exec('BEGIN IMMEDIATE');
    try {
      migrations[next]?.(db);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${next + 1}; COMMIT`);
    } catch (error) {
      db.exec('ROLLBACK');
      throw internal(`${path}: migration to schema ${next + 1} failed`, error);
    }
  }
}

/**
 * Returns the schema of a database, 0 for an empty one. Writes nothing.
 * @throws EngineError internal for a file of another program or a newer engine
 */
export function schemaOf(db: DatabaseSync, path: string, known: number): number {
  const application = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || !isEmpty(db))) {
    throw internal(`${path} is not a state database of this engine`);
  }
  if (version > known) throw newerSchema(path, version, known);
  return version;
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
