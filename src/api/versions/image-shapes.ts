import type { ImageInspect, ImageSummary } from '../../images/index.ts';
import { compareVersions } from './api-version.ts';

/**
 * Before 1.45 an image showed the container it was committed from, which old Compose reads without asking whether it is
 * there; before 1.44 its size a second time.
 */
export function imageInspectFor(version: string, image: ImageInspect): object {
  if (compareVersions(version, '1.45') >= 0) return image;
  const container = { Container: '', ContainerConfig: image.Config };
  return compareVersions(version, '1.44') >= 0
    ? { ...image, ...container }
    : { ...image, ...container, VirtualSize: image.Size };
}

/** Before 1.44 with the size a second time, before 1.43 with placeholders instead of empty names. */
export function imageListFor(version: string, images: readonly ImageSummary[]): readonly object[] {
  if (compareVersions(version, '1.44') >= 0) return images;
  const placeholders = compareVersions(version, '1.43') < 0;
  return images.map((image) => ({
    ...image,
    VirtualSize: image.Size,
    ...(placeholders && image.RepoTags.length === 0 ? { RepoTags: ['<none>:<none>'] } : {}),
    ...(placeholders && image.RepoDigests.length === 0 ? { RepoDigests: ['<none>@<none>'] } : {}),
  }));
}
