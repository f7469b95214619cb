import type { Records } from '../base/records.ts';
import { type ContainerRecord, imagesOf } from '../containers/index.ts';
import type { ImageStore } from '../store/index.ts';

/** Wraps the containers' records: each change also records a use of the container's images. */
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
