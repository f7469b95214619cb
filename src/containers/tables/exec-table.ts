import { EngineError, notFound } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { ExecRecord } from '../model/record.ts';

/** Number of ended execs that can still be inspected, over all containers. The oldest is dropped first. */
const KEPT_ENDED = 2_000;

/** Execs by id. No other code writes their records. An ended exec can be inspected until its container is removed. */
export class ExecTable {
  readonly #records: Records<ExecRecord>;
  readonly #logger: Logger;
  readonly #byId = new Map<string, ExecRecord>();
  readonly #byContainer = new Map<string, Set<string>>();
  readonly #ended = new Set<string>();
  readonly #exits = new Map<string, PromiseWithResolvers<void>>();

  constructor(records: Records<ExecRecord>, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
    for (const record of records.all()) {
      this.#index(record);
      if (record.exitCode !== null) this.#ended.add(record.id);
    }
  }

  /** @throws EngineError notFound */
  get(id: string): ExecRecord {
    const record = this.#byId.get(id);
    if (record === undefined) throw notFound('exec instance', id);
    return record;
  }

  find(id: string): ExecRecord | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<ExecRecord> {
    return this.#byId.values();
  }

  put(record: ExecRecord): void {
    this.#records.put(record.id, record);
    this.#hold(record);
  }

  /** Stores a fact, which holds even when storing fails. See `ContainerTable.note`. */
  note(record: ExecRecord): EngineError | undefined {
    try {
      this.put(record);
      return undefined;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#hold(record);
      return error;
    }
  }

  #hold(record: ExecRecord): void {
    this.#index(record);
    if (record.exitCode === null) return;
    this.#ended.add(record.id);
    this.#exits.get(record.id)?.resolve();
    this.#exits.delete(record.id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= KEPT_ENDED) break;
      this.delete(oldest);
    }
  }

  /** Resolves once the exec has an exit code or has been deleted. */
  ended(id: string): Promise<void> {
    const record = this.#byId.get(id);
    if (record === undefined || record.exitCode !== null) return Promise.resolve();
    let exit = this.#exits.get(id);
    if (exit === undefined) {
      exit = Promise.withResolvers<void>();
      this.#exits.set(id, exit);
    }
    return exit.promise;
  }

  /**
   * Makes the exec unknown. A deletion that cannot be stored, on a full disk, is logged: the next restore deletes the
   * record.
   */
  delete(id: string): void {
    const record = this.#byId.get(id);
    if (record === undefined) return;
    this.#erase(id);
    this.#drop(record);
  }

  /** The execs of a container, including ended ones. */
  of(containerId: string): readonly ExecRecord[] {
    const ids = this.#byContainer.get(containerId);
    return ids === undefined ? [] : [...ids].map((id) => this.get(id));
  }

  /** Deletes the execs of a removed container. In a transaction it may be repeated after a failure. */
  deleteOf(containerId: string): void {
    const records = this.of(containerId);
    for (const record of records) this.#erase(record.id);
    for (const record of records) this.#drop(record);
  }

  #erase(id: string): void {
    try {
      this.#records.delete(id);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#logger.warn({ execId: id, error: error.message }, 'cannot delete the record of an exec');
    }
  }

  #drop({ id, containerId }: ExecRecord): void {
    this.#byId.delete(id);
    const siblings = this.#byContainer.get(containerId);
    siblings?.delete(id);
    if (siblings?.size === 0) this.#byContainer.delete(containerId);
    this.#ended.delete(id);
    this.#exits.get(id)?.resolve();
    this.#exits.delete(id);
  }

  #index(record: ExecRecord): void {
    this.#byId.set(record.id, record);
    const siblings = this.#byContainer.get(record.containerId);
    if (siblings === undefined) this.#byContainer.set(record.containerId, new Set([record.id]));
    else siblings.add(record.id);
  }
}
