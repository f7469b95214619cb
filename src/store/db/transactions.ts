import type { DatabaseSync } from 'node:sqlite';
import { internal } from '../../base/errors.ts';
import type { Ballast } from './ballast.ts';
import { databaseError, isFull } from './database-error.ts';
import type { TableHost } from './record-table.ts';
import type { WriteReserve } from './write-reserve.ts';

export interface TransactionOptions {
  /** Default true. With false the change must not touch durable tables. */
  readonly durable?: boolean;
  /** Marks a removal: on a full disk it may use up the ballast. Single deletes always may. Default false. */
  readonly removes?: boolean;
}

/** Space that a change on a full disk may use. */
export interface Space {
  readonly ballast: Ballast;
  readonly reserve: WriteReserve;
}

/** The transactions of one connection. */
export class Transactions implements Pick<TableHost, 'guard' | 'write'> {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #space: Space;
  #isRunning = false;
  #isDurable = false;
  #synchronous: 'FULL' | 'NORMAL' | undefined;

  constructor(db: DatabaseSync, path: string, space: Space) {
    this.#db = db;
    this.#path = path;
    this.#space = space;
  }

  /** As `StateDb.transaction`. */
  run<R>(change: () => R, options: TransactionOptions = {}): R {
    if (this.#isRunning) return change();
    const { reserve, ballast } = this.#space;
    const attempt = (): R => this.guard(() => this.#runOnce(change, options.durable ?? true));
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
  }

  guard<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, this.#path);
    }
  }

  /** One change of a table: a part of the transaction that runs, else a transaction of its own. */
  write(change: () => void, options: Required<TransactionOptions>): void {
    if (!this.#isRunning) return void this.run(change, options);
    if (options.durable && !this.#isDurable)
      throw internal('a durable table changed in a transaction that is not durable');
    change();
  }

  #runOnce<R>(change: () => R, durable: boolean): R {
    const wanted = durable ? 'FULL' : 'NORMAL';
    if (this.#synchronous !== wanted) this.#db.exec(`PRAGMA synchronous = ${wanted}`);
    this.#synchronous = wanted;
    this.#isDurable = durable;
    this.#db.exec('BEGIN IMMEDIATE');
    this.#isRunning = true;
    try {
      const result = change();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite may have rolled back already (full disk).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }
}
