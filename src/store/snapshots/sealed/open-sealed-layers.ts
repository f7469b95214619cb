import type { LayerRecord } from '../layer.ts';
import type { MergedLayers } from '../merged-layers.ts';
import { type IdentifyDeps, identifyLayer } from './identify-layer.ts';
import { LayerViews } from './layer-views.ts';
import { finishSeals, type SealDeps, sealWritable } from './seal-writable.ts';
import type { SealedLayers } from './sealed-layers.ts';

export type SealedLayersDeps = SealDeps &
  IdentifyDeps & { readonly merged: (layers: readonly LayerRecord[]) => MergedLayers };

/** Finishes what a crash interrupted. Disposing the result unmounts the views. */
export function openSealedLayers(deps: SealedLayersDeps): SealedLayers & Disposable {
  const views = new LayerViews(deps);
  finishSeals(deps);
  return {
    seal: (id, options) => sealWritable(deps, id, options),
    view: async (keys) => views.open(deps.table.getAll(keys)),
    identify: (key, request, signal) => identifyLayer(deps, key, request, signal),
    [Symbol.dispose]: () => views[Symbol.dispose](),
  };
}
