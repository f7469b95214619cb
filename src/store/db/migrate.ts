import type { DatabaseSync } from 'node:sqlite';
import { internal } from '../../base/errors.ts';

/** "GNTY": tells our file from any other SQLite database. */
const APPLICATION_ID = 0x474e5459;

/** One step from a schema version to the next. Steps are never changed once released, only added. */
export type Migration = (db: DatabaseSync) => void;

/** Version n is reached by the first n steps. Tables come by themselves (`StateDb.table`): steps change what is in them. */
export const MIGRATIONS: readonly Migration[] = [
  // 1: the first schema.
  () => {},
];

/**
 * Brings a database to the newest schema, each step in a transaction.
 * @throws EngineError internal for a file of another program or a newer engine
 */
export function migrate(db: DatabaseSync, path: string, migrations: readonly Migration[] = MIGRATIONS): void {
  const application = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || !isEmpty(db))) {
    throw internal(`${path} is not a state database of this engine`);
  }
  if (version > migrations.length) {
    throw internal(
      `${path} was written by a newer engine (schema ${version}, this engine knows ${migrations.length}): ` +
        'run that engine or use another --data-root',
    );
  }
  if (application === APPLICATION_ID && version === migrations.length) return;
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

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
