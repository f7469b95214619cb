/**
 * A durable table of immutable records by key: the part of a database that a domain needs. `store/db` implements it
 * with SQLite; tests may use {@link memoryRecords}. Synchronous: one write is one committed transaction.
 */
export interface Records<T> {
  get(key: string): T | undefined;
  all(): readonly T[];
  put(key: string, record: T): void;
  delete(key: string): void;
}

/** The same contract without a disk, for unit tests. As from a disk, each record that is read is a new object. */
export function memoryRecords<T>(): Records<T> {
  const rows = new Map<string, T>();
  return {
    get: (key) => structuredClone(rows.get(key)),
    all: () => structuredClone([...rows.values()]),
    put: (key, record) => void rows.set(key, structuredClone(record)),
    delete: (key) => void rows.delete(key),
  };
}
