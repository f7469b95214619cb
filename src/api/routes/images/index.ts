import type { Images } from '../../../images/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { type CreateImageDeps, createImage } from './create.ts';
import { imageHistory } from './history.ts';
import { inspectImage } from './inspect.ts';
import { listImages } from './list.ts';
import { loadImages } from './load.ts';
import { pruneImages } from './prune.ts';
import { removeImage } from './remove.ts';
import { tagImage } from './tag.ts';

export type PullImage = NonNullable<CreateImageDeps['pull']>;

export function imageRoutes(images: Images, pull: PullImage | undefined): readonly BoundRoute[] {
  return [
    bind(listImages, images),
    bind(pruneImages, images),
    bind(loadImages, images),
    bind(createImage, { images, ...(pull === undefined ? {} : { pull }) }),
    bind(inspectImage, images),
    bind(imageHistory, images),
    bind(tagImage, images),
    bind(removeImage, images),
  ];
}
