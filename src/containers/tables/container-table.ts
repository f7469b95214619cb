import { conflict, EngineError, notFound } from '../../base/errors.ts';
import type { ObjectId } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import type { ContainerRecord } from '../model/record.ts';
import { Entry } from './entry.ts';

/**
 * Every container by id, name and id prefix. No other code writes container records.
 *
 * A name is taken from `insert` until `drop`, also over a crash. A dropped container is unknown and its name is free.
 * Its record stays stored with phase `removing` until {@link forget}, so that restore can finish an interrupted
 * removal.
 */
export class ContainerTable {
  readonly #records: Records<ContainerRecord>;
  readonly #byId = new Map<string, Entry>();
  readonly #byName = new Map<string, Entry>();

  constructor(records: Records<ContainerRecord>) {
    this.#records = records;
  }

  /** Takes the name and stores the record, or does neither. @throws EngineError conflict */
  insert(record: ContainerRecord): Entry {
    this.#checkFree(record.name);
    const entry = new Entry(record);
    this.#records.put(record.id, record);
    this.#index(entry);
    return entry;
  }

  /** Indexes a record that is stored already. */
  adopt(record: ContainerRecord): Entry {
    const entry = new Entry(record);
    this.#index(entry);
    return entry;
  }

  /**
   * Stores an intent. When storing fails (a full disk), the record does not change. The record of a dropped entry is
   * not stored again.
   */
  put(entry: Entry, record: ContainerRecord): void {
    if (this.#byId.get(entry.id) !== entry) return;
    this.#records.put(entry.id, record);
    entry.replaceRecord(record);
  }

  /**
   * Stores a fact, such as a start or an exit. The record changes even when storing fails, and the error is returned.
   * Restore finds such facts again as long as the task is not released.
   */
  note(entry: Entry, record: ContainerRecord): EngineError | undefined {
    try {
      this.put(entry, record);
      return undefined;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      entry.replaceRecord(record);
      return error;
    }
  }

  /** Takes the new name, or changes nothing. @throws EngineError conflict; notFound for a dropped entry */
  rename(entry: Entry, name: string): void {
    if (this.#byId.get(entry.id) !== entry) throw notFound('container', entry.id);
    this.#checkFree(name);
    const before = entry.record.name;
    this.put(entry, { ...entry.record, name });
    if (this.#byName.get(before) === entry) this.#byName.delete(before);
    this.#byName.set(name, entry);
  }

  /** Makes the container unknown. Its record, stored with phase `removing`, stays for restore until {@link forget}. */
  drop(entry: Entry): void {
    const last = entry.record;
    this.#byId.delete(entry.id);
    if (this.#byName.get(last.name) === entry) this.#byName.delete(last.name);
  }

  /** Deletes the record of a dropped container. */
  forget(id: ObjectId): void {
    this.#records.delete(id);
  }

  /**
   * Finds a container by full id, name with or without its slash, name of a link (`web/db`), or unique id prefix.
   * @throws EngineError notFound, invalid
   */
  resolve(ref: string): Entry {
    const found = this.find(ref);
    if (found === undefined) throw notFound('container', ref);
    return found;
  }

  /**
   * Like {@link resolve}, but returns undefined for an unknown container. @throws EngineError invalid for an ambiguous
   * prefix
   */
  find(ref: string): Entry | undefined {
    const exact = this.#byId.get(ref) ?? this.#byName.get(ref.startsWith('/') ? ref.slice(1) : ref);
    if (exact !== undefined) return exact;
    if (ref.includes('/')) return this.#linked(ref);
    if (!/^[0-9a-f]{1,63}$/.test(ref)) return undefined;
    let found: Entry | undefined;
    for (const [id, entry] of this.#byId) {
      if (!id.startsWith(ref)) continue;
      if (found !== undefined) throw new EngineError('invalid', `multiple IDs found with provided prefix: ${ref}`);
      found = entry;
    }
    return found;
  }

  #linked(ref: string): Entry | undefined {
    const [, owner = '', alias = ''] = /^\/?([^/]+)\/([^/]+)$/.exec(ref) ?? [];
    const link = this.#byName.get(owner)?.record.links?.find((candidate) => candidate.alias === alias);
    return link && this.#byId.get(link.target);
  }

  byId(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  isNameTaken(name: string): boolean {
    return this.#byName.has(name);
  }

  entries(): IterableIterator<Entry> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Every stored record, including those of interrupted removals. For restore only. */
  stored(): readonly ContainerRecord[] {
    return this.#records.all();
  }

  #checkFree(name: string): void {
    const holder = this.#byName.get(name);
    if (holder === undefined) return;
    throw conflict(
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
    );
  }

  #index(entry: Entry): void {
    this.#byId.set(entry.id, entry);
    this.#byName.set(entry.record.name, entry);
  }
}
