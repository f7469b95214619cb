import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { EngineError, internal, messageOf } from '../../base/errors.ts';
import type { Records } from '../../base/records.ts';
import { type Ballast, openBallast } from './ballast.ts';
import { MIGRATIONS, type Migration, migrate, schemaOf } from './migrate.ts';
import { recordTable, type TableHost } from './record-table.ts';
import { announceSchema, refuseNewerSchema } from './schema-file.ts';
import { type WriteReserve, writeReserve } from './write-reserve.ts';

/**
 * `state.db`: the truth about everything the engine knows. It has one connection, is synchronous, and uses a
 * write-ahead log (WAL).
 *
 * A *durable* change has reached the disk when its call returns (`synchronous=FULL`, 0.25 ms): images, volumes,
 * networks. Any other change survives a killed process, but not a power cut (`NORMAL`, 0.02 ms): containers, which do
 * not survive a power cut either.
 *
 * One life: `openStateDb` opens the file, migrates it to the newest schema and reserves space on the disk (the
 * *ballast*). Each domain opens its records with `table`. Each change of a table is one transaction; `transaction`
 * makes several changes one. On a full disk a removal uses up the ballast, and `restoreBallast` takes the space again
 * once something is deleted. `check` finds damage of the file. `close` ends the connection. After a kill the next open
 * finds the committed changes in the log.
 */
export interface StateDb {
  /** Returns the table of that name (`[a-z_]+`). Makes it when it does not exist. */
  table<T>(name: string, options: { readonly durable: boolean }): Records<T>;
  /**
   * Runs `change` with all its writes in one transaction. Synchronous. A nested call joins the outer transaction.
   * @throws EngineError noSpace on a full disk
   */
  transaction<R>(change: () => R, options?: TransactionOptions): R;
  /** Gives up the reserved space on a full disk. Returns false when it is given up already. */
  releaseBallast(): boolean;
  /** Takes the reserved space again. Call it after space was freed. */
  restoreBallast(): void;
  /** Returns what SQLite finds wrong with the file; an empty list when it is sound. Blocks: 10 ms for each 10 MB. */
  check(): readonly string[];
  close(): void;
}

export interface TransactionOptions {
  /** Default true. With false the change must not touch durable tables. */
  readonly durable?: boolean;
  /** Marks a removal: on a full disk it may use up the ballast. Single deletes always may. Default false. */
  readonly removes?: boolean;
}

export interface StateDbOptions {
  /** Default 4 MiB. */
  readonly ballastBytes?: number;
  /** Default: the migrations of this engine. */
  readonly migrations?: readonly Migration[];
}

/**
 * Refuses a root that a newer engine has written to, before anything else of it is opened.
 * @throws EngineError internal
 */
export function refuseNewerRoot(dataRoot: string): void {
  refuseNewerSchema(dataRoot, MIGRATIONS.length);
}

const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
const CACHE_KIB = 2048;

/**
 * @throws EngineError internal when the file is corrupt, of another program or of a newer engine; noSpace on a full
 * disk
 */
export function openStateDb(dataRoot: string, options: StateDbOptions = {}): StateDb {
  mkdirSync(dataRoot, { recursive: true });
  const { migrations = MIGRATIONS } = options;
  refuseNewerSchema(dataRoot, migrations.length);
  const path = join(dataRoot, 'state.db');
  refuseUnread(path, migrations.length);
  const ballast = openBallast(join(dataRoot, 'ballast'), options.ballastBytes ?? 4 << 20);
  const open = (): DatabaseSync => openDatabase(dataRoot, path, migrations);
  let db: DatabaseSync;
  try {
    db = open();
  } catch (error) {
    // An engine must start on a full disk, or users could remove nothing through it.
    if (!isFull(error) || !ballast.release()) throw error;
    db = open();
  }
  const reserve = writeReserve(db, path);
  // Closing a database gives its space back. On a full disk the ballast replaces it.
  if (!reserve.claim() && ballast.release()) reserve.claim();
  return stateDb(db, path, { ballast, reserve });
}

interface Space {
  readonly ballast: Ballast;
  readonly reserve: WriteReserve;
}

function stateDb(db: DatabaseSync, path: string, { ballast, reserve }: Space): StateDb {
  let depth = 0;
  let durableNow = false;
  let synchronous: 'FULL' | 'NORMAL' | undefined;

  const runOnce = <R>(change: () => R, durable: boolean): R => {
    const wanted = durable ? 'FULL' : 'NORMAL';
    if (synchronous !== wanted) db.exec(`PRAGMA synchronous = ${wanted}`);
    synchronous = wanted;
    durableNow = durable;
    db.exec('BEGIN IMMEDIATE');
    depth = 1;
    try {
      const result = change();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite may have rolled back already (full disk).
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    } finally {
      depth = 0;
    }
  };

  const transaction = <R>(change: () => R, options: TransactionOptions = {}): R => {
    if (depth > 0) return change();
    const attempt = (): R => {
      try {
        return runOnce(change, options.durable ?? true);
      } catch (error) {
        throw databaseError(error, path);
      }
    };
    try {
      return attempt();
    } catch (error) {
      if (!isFull(error)) throw error;
      reserve.rewind();
    }
    try {
      return attempt();
    } catch (error) {
      if (!isFull(error) || options.removes !== true || !ballast.release()) throw error;
      return attempt();
    }
  };

  const host: TableHost = {
    db,
    guard: (work) => {
      try {
        return work();
      } catch (error) {
        throw databaseError(error, path);
      }
    },
    write(change, options) {
      if (depth === 0) return void transaction(change, options);
      if (options.durable && !durableNow)
        throw internal('a durable table changed in a transaction that is not durable');
      change();
    },
  };
  return {
    table: (name, { durable }) => recordTable(host, name, durable),
    transaction,
    releaseBallast: () => ballast.release(),
    restoreBallast() {
      reserve.claim();
      ballast.restore();
    },
    check: () =>
      db
        .prepare('PRAGMA integrity_check(20)')
        .all()
        .map((row) => String(row['integrity_check']))
        .filter((line) => line !== 'ok'),
    close: () => db.close(),
  };
}

/** Checks an existing database before it is opened for writing, since that writes. */
function refuseUnread(path: string, known: number): void {
  if (!existsSync(path)) return;
  try {
    lookAt(path, path, known);
  } catch (error) {
    if (!isUnreadable(error)) throw databaseError(error, path);
    refuseWithoutLog(path, known);
  }
}

/**
 * A reader of a log that was left behind makes an index of it beside the file, for which a full disk has no space. What is in the log
 * alone is seen when the file is opened for writing, with the index in memory.
 */
function refuseWithoutLog(path: string, known: number): void {
  const withoutLog = pathToFileURL(path);
  withoutLog.searchParams.set('immutable', '1');
  try {
    lookAt(withoutLog, path, known);
  } catch (error) {
    throw databaseError(error, path);
  }
}

function lookAt(location: string | URL, path: string, known: number): void {
  const db = new DatabaseSync(location, { readOnly: true });
  try {
    schemaOf(db, path, known);
  } finally {
    db.close();
  }
}

function isUnreadable(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === SQLITE_IOERR || primary === SQLITE_CANTOPEN || primary === SQLITE_FULL;
}

/** SQLite's error code without its details; undefined for an error of another kind. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

function openDatabase(dataRoot: string, path: string, migrations: readonly Migration[]): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    // No other process opens the file. SQLite then keeps the index of the log in memory. As a mapped file, on a full
    // disk, the index would end the process with SIGBUS.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA busy_timeout = 5000`);
    const check = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (check !== 'ok') throw internal(`${path} is damaged: ${String(check)}`);
    migrate(db, path, { migrations, announce: (schema) => announceSchema(dataRoot, schema) });
    announceLater(dataRoot, migrations.length);
    return db;
  } catch (error) {
    db?.close();
    throw databaseError(error, path);
  }
}

/** Writes the file for a root of an engine that did not write it. On a full disk the next start does. */
function announceLater(dataRoot: string, schema: number): void {
  try {
    announceSchema(dataRoot, schema);
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'noSpace';
}

/** Maps SQLite's errors to the engine's. Other errors stay unchanged. */
function databaseError(error: unknown, path: string): unknown {
  const primary = primaryCode(error);
  if (primary === undefined) return error;
  if (primary === SQLITE_FULL) return new EngineError('noSpace', 'no space left on device', { cause: error });
  if (primary === SQLITE_NOTADB || primary === SQLITE_CORRUPT) {
    return internal(
      `${path} is damaged: ${messageOf(error)}. Restore it from a copy, or move it away to start empty`,
      error,
    );
  }
  return internal(`${path}: ${messageOf(error)}`, error);
}
