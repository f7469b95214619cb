import { EngineError } from '../../base/errors.ts';
import type { Records } from '../../base/records.ts';
import type { NetworkRecord } from './network-record.ts';

/** The stored networks, by the names that clients use. */
export class NetworkTable {
  readonly #records: Records<NetworkRecord>;

  constructor(records: Records<NetworkRecord>) {
    this.#records = records;
  }

  all(): readonly NetworkRecord[] {
    return this.#records.all();
  }

  byId(id: string): NetworkRecord | undefined {
    return this.#records.get(id);
  }

  put(record: NetworkRecord): void {
    this.#records.put(record.id, record);
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  /** @throws EngineError notFound `network x not found`, invalid for an ambiguous prefix */
  require(ref: string): NetworkRecord {
    const record = this.find(ref);
    if (record === undefined) throw new EngineError('notFound', `network ${ref} not found`);
    return record;
  }

  /**
   * Finds a network by full id, name (`default` and '' mean the bridge), then unique prefix of an id. @throws
   * EngineError invalid for an ambiguous prefix
   */
  find(ref: string): NetworkRecord | undefined {
    const name = ref === '' || ref === 'default' ? 'bridge' : ref;
    const records = this.#records.all();
    const exact = this.#records.get(name) ?? records.find((record) => record.name === name);
    if (exact !== undefined) return exact;
    const byPrefix = records.filter((record) => record.id.startsWith(name));
    if (byPrefix.length > 1) {
      throw new EngineError(
        'invalid',
        `network ${name} is ambiguous (${byPrefix.length} matches found based on ID prefix)`,
      );
    }
    return byPrefix[0];
  }
}
