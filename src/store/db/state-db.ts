import { existsSync, lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { internal } from '../../base/errors.ts';
import type { Records } from '../../base/records.ts';
import { openBallast } from './ballast.ts';
import { databaseError, isFull, isUnreadable } from './database-error.ts';
import { MIGRATIONS, type Migration, migrate, schemaOf } from './migrate.ts';
import { recordTable, type TableHost } from './record-table.ts';
import { announceSchema, refuseNewerSchema } from './schema-file.ts';
import { type Space, type TransactionOptions, Transactions } from './transactions.ts';
import { writeReserve } from './write-reserve.ts';

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

const CACHE_KIB = 2048;
/** More than the index of any log. */
const INDEX_SPACE_BYTES = 8 << 20;

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

function stateDb(db: DatabaseSync, path: string, space: Space): StateDb {
  const { ballast, reserve } = space;
  const transactions = new Transactions(db, path, space);
  const host: TableHost = {
    db,
    guard: (work) => transactions.guard(work),
    write: (change, writing) => transactions.write(change, writing),
  };
  return {
    table: (name, { durable }) => recordTable(host, name, durable),
    transaction: (change, options) => transactions.run(change, options),
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
  if (lacksSpaceForIndex(path)) {
    refuseWithoutLog(path, known);
    return;
  }
  try {
    lookAt(path, path, known);
  } catch (error) {
    if (!isUnreadable(error)) throw databaseError(error, path);
    refuseWithoutLog(path, known);
  }
}

/**
 * Whether a log was left behind and the disk may not have the space for its index. A reader maps the index, and SQLite
 * takes the space of one byte in each 4 KiB of it beforehand: where blocks are smaller, the rest would end the process
 * with SIGBUS.
 */
function lacksSpaceForIndex(path: string): boolean {
  const logBytes = lstatSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const { bavail, bsize } = statfsSync(path);
  return logBytes > 0 && bavail * bsize < INDEX_SPACE_BYTES;
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
