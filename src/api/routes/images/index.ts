import type { Images } from '../../../images/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { imageAttestations } from './attestations.ts';
import { commitImage } from './commit.ts';
import { createImage } from './create.ts';
import { imageHistory } from './history.ts';
import { inspectImage } from './inspect.ts';
import { listImages } from './list.ts';
import { loadImages } from './load.ts';
import { pruneImages } from './prune.ts';
import { pushImage } from './push.ts';
import { removeImage, removeNamelessImage } from './remove.ts';
import { saveImage, saveImages } from './save.ts';
import { searchImages } from './search.ts';
import { tagImage } from './tag.ts';

export function imageRoutes(images: Images): readonly BoundRoute[] {
  return [
    bind(listImages, images),
    bind(pruneImages, images),
    bind(loadImages, images),
    bind(saveImages, images),
    bind(saveImage, images),
    bind(commitImage, images),
    bind(createImage, { images }),
    bind(searchImages, images),
    bind(inspectImage, images),
    bind(imageHistory, images),
    bind(imageAttestations, images),
    bind(pushImage, images),
    bind(tagImage, images),
    bind(removeImage, images),
    bind(removeNamelessImage, undefined),
  ];
}
