import type { LayerRecord } from './layer.ts';

/**
 * The layers that an overlay of a chain needs, bottom first. The kernel refuses a folder that occurs twice (ELOOP), and
 * ignores an opaque mark on the root of a layer.
 *
 * - When a layer occurs again, only its topmost occurrence counts: it hides everything that the others show
 *   (`docs/decisions/0011` has the proof).
 * - Layers below one that makes the root opaque are hidden.
 */
export function visibleLayers(layers: readonly LayerRecord[]): readonly LayerRecord[] {
  const seen = new Set<string>();
  const topFirst: LayerRecord[] = [];
  for (const layer of layers.toReversed()) {
    if (seen.has(layer.key)) continue;
    seen.add(layer.key);
    topFirst.push(layer);
    if (layer.isOpaque === true) break;
  }
  return topFirst.reverse();
}
