import type { LayerRecord } from './layer.ts';

/**
 * The layers that an overlay of a chain needs, bottom first. The kernel refuses a folder that occurs twice (ELOOP), and looks at no
 * opaque mark on the root of a layer.
 *
 * - Of a layer that occurs again only the topmost occurrence counts: it hides all that the others show (`docs/decisions/0011`
 *   has the proof).
 * - What lies below a layer that makes the root opaque is hidden.
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
