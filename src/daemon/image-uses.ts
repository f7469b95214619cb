import type { Records } from '../base/records.ts';
import type { ContainerRecord } from '../containers/index.ts';
import type { ImageStore } from '../store/index.ts';

/** Records of containers that note, with each change, that the container's image is in use. */
export function notingImageUse(
  records: Records<ContainerRecord>,
  images: Pick<ImageStore, 'used'>,
): Records<ContainerRecord> {
  return {
    ...records,
    put(key, record) {
      records.put(key, record);
      images.used(record.imageId);
    },
  };
}
