import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, notFound } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { writeFileAtomic } from '../../io/index.ts';
import type { LayerKey, LayerRecord } from './layer.ts';
import { type LayerTable, wasNeverWhole } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';

interface WritableTableDeps {
  readonly discard: (folder: string) => void;
  readonly logger: Logger;
}

/** The writable roots, in memory. The on.json in each folder is the truth: a folder without one was never complete. */
export class WritableTable {
  readonly #paths: SnapshotPaths;
  readonly #layers: LayerTable;
  readonly #keys = new Map<string, readonly LayerKey[]>();

  constructor(paths: SnapshotPaths, layers: LayerTable, { discard, logger }: WritableTableDeps) {
    this.#paths = paths;
    this.#layers = layers;
    mkdirSync(paths.writables, { recursive: true, mode: 0o711 });
    for (const id of readdirSync(paths.writables)) {
      try {
        this.#keys.set(id, JSON.parse(readFileSync(join(paths.writable(id), 'on.json'), 'utf8')) as LayerKey[]);
      } catch (error) {
        // A record that is unreadable for another reason (an error of the disk) may belong to a container's data: the
        // folder stays.
        if (wasNeverWhole(error)) discard(paths.writable(id));
        else logger.error({ writable: id, error: messageOf(error) }, 'cannot read the record of a writable layer');
      }
    }
  }

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  keysOf(id: string): readonly LayerKey[] {
    return this.#keys.get(id) ?? [];
  }

  /** @throws EngineError notFound */
  layersOf(id: string): readonly LayerRecord[] {
    const keys = this.#keys.get(id);
    if (keys === undefined) throw notFound('writable root', id);
    return this.#layers.getAll(keys);
  }

  /** Keeps the layers from being removed while the folder is being filled. */
  claim(id: string, layers: readonly LayerRecord[]): void {
    this.#keys.set(
      id,
      layers.map(({ key }) => key),
    );
  }

  /** Marks the folder as filled. Only then it counts as a writable. */
  complete(id: string): void {
    writeFileAtomic(join(this.#paths.writable(id), 'on.json'), JSON.stringify(this.#keys.get(id) ?? []));
  }

  remove(id: string): void {
    this.#keys.delete(id);
  }

  layersInUse(): ReadonlySet<LayerKey> {
    return new Set([...this.#keys.values()].flat().map((key) => this.#layers.get(key)?.key ?? key));
  }
}
