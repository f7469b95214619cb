import { mkdirSync } from 'node:fs';
import { folderOf, type LayerRecord } from '../layer.ts';
import type { MergedLayers } from '../merged-layers.ts';
import type { SnapshotPaths } from '../paths.ts';
import type { UsedRoot } from '../snapshots.ts';
import type { LayerUses } from './layer-uses.ts';

export interface LayerViewsDeps {
  readonly paths: SnapshotPaths;
  readonly merged: (layers: readonly LayerRecord[]) => MergedLayers;
  readonly uses: LayerUses;
}

interface OpenView {
  readonly path: string;
  readonly held: Disposable;
  readers: number;
}

/** Chains as readable trees. Readers of one chain share its mount, which goes with the last of them. */
export class LayerViews implements Disposable {
  readonly #deps: LayerViewsDeps;
  readonly #open = new Map<string, OpenView>();

  constructor(deps: LayerViewsDeps) {
    this.#deps = deps;
  }

  /** @throws EngineError noSpace */
  open(layers: readonly LayerRecord[]): UsedRoot {
    const name = layers.map(folderOf).join('/');
    const view = this.#open.get(name) ?? this.#mount(layers);
    this.#open.set(name, view);
    view.readers += 1;
    let isReading = true;
    return {
      path: view.path,
      [Symbol.asyncDispose]: async () => {
        if (!isReading) return;
        isReading = false;
        view.readers -= 1;
        if (view.readers > 0 || this.#open.get(name) !== view) return;
        this.#open.delete(name);
        view.held[Symbol.dispose]();
      },
    };
  }

  /** Unmounts everything. */
  [Symbol.dispose](): void {
    for (const { held } of this.#open.values()) held[Symbol.dispose]();
    this.#open.clear();
  }

  #mount(layers: readonly LayerRecord[]): OpenView {
    const { paths, merged, uses } = this.#deps;
    using undo = new DisposableStack();
    undo.use(uses.hold(layers));
    const { path = paths.empty } = undo.use(merged(layers));
    if (path === paths.empty) mkdirSync(path, { recursive: true });
    return { path, held: undo.move(), readers: 0 };
  }
}
