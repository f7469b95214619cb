import type { DatabaseSync } from 'node:sqlite';
import { internal } from '../../base/errors.ts';
import type { Records } from '../../base/records.ts';
import { decodeRecord, encodeRecord } from './codec.ts';

/** The part of a database that a table needs. */
export interface TableHost {
  readonly db: DatabaseSync;
  /** Runs a read. SQLite's errors are mapped. */
  guard<R>(work: () => R): R;
  /** Runs a write in the current transaction, else in one of its own. */
  write(change: () => void, options: { readonly durable: boolean; readonly removes: boolean }): void;
}

/** A table of records, one row each, in the order of their first `put`. */
export function recordTable<T>(host: TableHost, name: string, durable: boolean): Records<T> {
  if (!/^[a-z][a-z_]*$/.test(name)) throw internal(`invalid table name: ${name}`);
  const { db } = host;
  host.guard(() =>
    db.exec(
      `CREATE TABLE IF NOT EXISTS "${name}" (key TEXT NOT NULL UNIQUE, record TEXT NOT NULL, escaped INTEGER NOT NULL) STRICT`,
    ),
  );
  const get = db.prepare(`SELECT record, escaped FROM "${name}" WHERE key = ?`);
  const all = db.prepare(`SELECT record, escaped FROM "${name}" ORDER BY rowid`);
  const put = db.prepare(
    `INSERT INTO "${name}" (key, record, escaped) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET record = excluded.record, escaped = excluded.escaped`,
  );
  const remove = db.prepare(`DELETE FROM "${name}" WHERE key = ?`);
  // `put` of this table wrote each row.
  const decode = (row: Record<string, unknown>): T =>
    decodeRecord({ text: String(row['record']), escaped: row['escaped'] === 1 }) as T;
  return {
    get: (key) =>
      host.guard(() => {
        const row = get.get(key);
        return row === undefined ? undefined : decode(row);
      }),
    all: () => host.guard(() => all.all().map(decode)),
    put(key, record) {
      const { text, escaped } = encodeRecord(record);
      host.write(() => void put.run(key, text, escaped ? 1 : 0), { durable, removes: false });
    },
    delete: (key) => host.write(() => void remove.run(key), { durable, removes: true }),
  };
}
