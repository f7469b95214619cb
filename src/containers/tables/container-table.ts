import { conflict, EngineError, notFound } from '../../base/errors.ts';
import type { ObjectId } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import type { ContainerRecord } from '../model/record.ts';
import { Entry } from './entry.ts';

/**
 * Every container by id, name and id prefix; the only writer of its records.
 *
 * A name is taken from `insert` until `drop`, also over a crash. A dropped container is unknown and its name free; its
 * record stays stored with phase `removing` until {@link forget}, so that a removal cut short is finished by restore.
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

  /** Stores a wish: when that fails (a full disk), it has not happened. An entry that was dropped is not stored again. */
  put(entry: Entry, record: ContainerRecord): void {
    if (this.#byId.get(entry.id) !== entry) return;
    this.#records.put(entry.id, record);
    entry.replaceRecord(record);
  }

  /**
   * Stores a fact (it runs, it has ended): it holds from now on even when it could not be stored, which is answered with
   * what went wrong. Restore finds out such facts by itself as long as the task is not released.
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

  /** Takes the new name, or leaves everything as it was. @throws EngineError conflict */
  rename(entry: Entry, name: string): void {
    this.#checkFree(name);
    const before = entry.record.name;
    this.put(entry, { ...entry.record, name });
    this.#byName.delete(before);
    this.#byName.set(name, entry);
  }

  /** The container is unknown from now on. Its record, stored with phase `removing`, is the to-do until {@link forget}. */
  drop(entry: Entry): void {
    const last = entry.record;
    this.#byId.delete(entry.id);
    if (this.#byName.get(last.name) === entry) this.#byName.delete(last.name);
  }

  /** The last trace of a dropped container. */
  forget(id: ObjectId): void {
    this.#records.delete(id);
  }

  /** By full id, name with or without its slash, name of a link (`web/db`), or unique id prefix. @throws EngineError notFound, invalid */
  resolve(ref: string): Entry {
    const found = this.find(ref);
    if (found === undefined) throw notFound('container', ref);
    return found;
  }

  /** @throws EngineError invalid for an ambiguous prefix */
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

  /** Every stored record, also of removals cut short: for restore alone. */
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
