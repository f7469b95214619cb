import type { ImagesDeps } from './deps.ts';
import { imageHistory } from './history.ts';
import type { Images } from './images.ts';
import { importImage } from './import.ts';
import { inspectImage } from './inspect.ts';
import { listImages } from './list.ts';
import { loadImages } from './load/load.ts';
import { pruneImages } from './prune.ts';
import { createDownloads } from './pull/downloads.ts';
import { pullImage } from './pull/pull-image.ts';
import { removeImage } from './remove.ts';
import { tagImage } from './tag.ts';

/** The verbs on images over the stores. */
export function createImages(deps: ImagesDeps): Images {
  const downloads = createDownloads(deps.limits.maxConcurrentDownloads);
  return {
    load: (archive, options, progress, signal) => loadImages(deps, archive, { options, progress, signal }),
    import: (archive, options, progress, signal) => importImage(deps, archive, { options, progress, signal }),
    pull: (request, progress, signal) => pullImage({ ...deps, downloads }, request, progress, signal),
    list: async (options) => listImages(deps, options),
    inspect: async (ref, options) => inspectImage(deps, ref, options),
    history: async (ref, options) => imageHistory(deps, ref, options),
    tag: async (ref, target) => tagImage(deps, ref, target),
    remove: (ref, { force, noPrune }) => removeImage(deps, ref, { force, prune: !noPrune }),
    prune: (filters, signal) => pruneImages(deps, filters, signal),
  };
}
