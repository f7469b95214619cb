import type { DatabaseSync } from 'node:sqlite';
import { internal } from '../../base/errors.ts';
import { newerSchema } from './schema-file.ts';

/** "GNTY": tells our file from any other SQLite database. */
const APPLICATION_ID = 0x474e5459;

/** One step from a schema version to the next. Steps are never changed once released, only added. */
export type Migration = (db: DatabaseSync) => void;

/** Version n is reached by the first n steps. Tables come by themselves (`StateDb.table`): steps change what is in them. */
export const MIGRATIONS: readonly Migration[] = [
  // 1: the first schema.
  () => {},
];

export interface MigrateOptions {
  readonly migrations?: readonly Migration[];
  /** Called with the number of the newest schema before the first step. May throw. */
  readonly announce?: (schema: number) => void;
}

/**
 * Brings a database to the newest schema, each step in a transaction. Cut short, the next call goes on.
 * @throws EngineError internal for a file of another program or a newer engine; what `announce` throws
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
 * The schema that a database has; 0 for an empty one. Writes nothing.
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
