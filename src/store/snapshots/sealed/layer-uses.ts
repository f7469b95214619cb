import { folderOf, type LayerKey, type LayerRecord } from '../layer.ts';
import type { LayerTable } from '../layer-table.ts';

/** Layers that are read without a writable. They cannot be removed meanwhile. */
export class LayerUses {
  readonly #table: Pick<LayerTable, 'get'>;
  /** By the name of the folder, since the key of a sealed layer changes. */
  readonly #counts = new Map<string, number>();

  constructor(table: Pick<LayerTable, 'get'>) {
    this.#table = table;
  }

  /** Keeps layers until the result is disposed. */
  hold(layers: readonly LayerRecord[]): Disposable {
    const names = layers.map(folderOf);
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const name of names.splice(0)) this.#release(name);
      },
    };
  }

  keys(): readonly LayerKey[] {
    return [...this.#counts.keys()].map((name) => this.#table.get(name as LayerKey)?.key ?? (name as LayerKey));
  }

  #release(name: string): void {
    const left = (this.#counts.get(name) ?? 1) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}
