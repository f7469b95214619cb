import { createSlots } from '../base/slots.ts';
import { type BuildImageVerbs, buildImageVerbs } from './builds/build-images.ts';
import { commitImage } from './commit/commit-image.ts';
import type { Images } from './images.ts';
import { importFromUrl } from './import/import-from-url.ts';
import { importImage } from './import/import-image.ts';
import { loadImages } from './load/load-images.ts';
import type { ImagesDeps } from './model/deps.ts';
import { tagImage } from './names/tag-image.ts';
import { createDownloads } from './pull/downloads.ts';
import { pullImage } from './pull/pull-image.ts';
import { pushImage } from './push/push-image.ts';
import { distributionInfo } from './query/distribution-info.ts';
import { imageAttestations } from './query/image-attestations.ts';
import { imageHistory } from './query/image-history.ts';
import { inspectImage } from './query/inspect-image.ts';
import { layersSize, listImages } from './query/list-images.ts';
import { searchImages } from './query/search-images.ts';
import { pruneImages } from './remove/prune-images.ts';
import { removeImage } from './remove/remove-image.ts';
import { removePlatforms } from './remove/remove-platforms.ts';
import { saveImages } from './save/save-images.ts';

/** Makes the verbs on images, on top of the stores. */
export function createImages(deps: ImagesDeps): Images & { readonly builds: BuildImageVerbs } {
  const downloads = createDownloads(() => deps.limits.maxConcurrentDownloads);
  const uploads = createSlots(() => deps.limits.maxConcurrentUploads);
  return {
    builds: buildImageVerbs({ ...deps, uploads }, downloads),
    load: (archive, options, progress, signal) => loadImages(deps, archive, { options, progress, signal }),
    save: (names, options) => saveImages(deps, names, options),
    import: (archive, options, progress, signal) => importImage(deps, archive, { options, progress, signal }),
    importFrom: (url, options, progress, signal) => importFromUrl(deps, url, { options, progress, signal }),
    commit: (request, signal) => commitImage(deps, request, signal),
    pull: (request, progress, signal) => pullImage({ ...deps, downloads }, request, progress, signal),
    push: (request, progress, signal) => pushImage({ ...deps, uploads }, request, progress, signal),
    search: (term, options, signal) => searchImages(deps, term, options, signal),
    distribution: (ref, credentials, signal) => distributionInfo(deps, ref, credentials, signal),
    list: async (options) => listImages(deps, options),
    layersSizeBytes: async () => layersSize(deps),
    inspect: async (ref, options) => inspectImage(deps, ref, options),
    attestations: async (ref, options) => imageAttestations(deps, ref, options),
    history: async (ref, options) => imageHistory(deps, ref, options),
    tag: async (ref, target) => tagImage(deps, ref, target),
    remove: (ref, { force, noPrune, platforms = [] }) =>
      platforms.length === 0
        ? removeImage(deps, ref, { force, prune: !noPrune })
        : removePlatforms(deps, ref, platforms, { force, prune: !noPrune }),
    prune: (filters, signal) => pruneImages(deps, filters, signal),
  };
}
