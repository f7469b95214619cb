import type { Platform } from '../../spec/index.ts';
import { layerSizes, sizesOfImage } from '../layers/layer-chain.ts';
import { unixSeconds } from '../model/created.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { familiar } from '../names/familiar.ts';

/**
 * The response to `GET /images/{name}/history`, newest first. Steps that are images here have their id. @throws
 * EngineError notFound, invalid
 */
export function imageHistory(
  deps: ImagesDeps,
  ref: string,
  options: { readonly platform?: Platform },
): readonly object[] {
  const image = deps.images.resolve(ref, options.platform);
  const sizes = sizesOfImage(deps.snapshots, layerSizes(deps.snapshots), image.config);
  let layer = 0;
  const steps = (image.config.history ?? []).map((entry) => ({
    Id: '<missing>',
    Created: unixSeconds(entry.created),
    CreatedBy: entry.created_by ?? '',
    Tags: null as readonly string[] | null,
    Size: entry.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
    Comment: entry.comment ?? '',
  }));
  steps.reverse();
  // The known part of the chain of parents, one image per step (Docker's rule).
  let current: typeof image | undefined = image;
  for (const step of steps) {
    if (current === undefined) break;
    step.Id = current.id;
    step.Tags = current.names.length === 0 ? null : current.names.map(familiar);
    current = current.parent === undefined ? undefined : deps.images.get(current.parent);
  }
  return steps;
}
