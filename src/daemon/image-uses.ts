import type { Records } from '../base/records.ts';
import { type ContainerRecord, imagesOf } from '../containers/index.ts';
import type { ImageStore } from '../store/index.ts';

/** Records of containers that note, with each change, that the container's images are in use. */
export function notingImageUse(
  records: Records<ContainerRecord>,
  images: Pick<ImageStore, 'used'>,
): Records<ContainerRecord> {
  return {
    ...records,
    put(key, record) {
      records.put(key, record);
      for (const id of imagesOf(record)) images.used(id);
    },
  };
}
