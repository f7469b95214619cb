import { notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { StoredImage } from '../../store/index.ts';
import type { CreateContainersDeps } from '../create-containers.ts';

const ID = `sha256:${'a'.repeat(64)}` as Digest;
const DESCRIPTOR = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: ID, size: 2 };

/** An image without layers and without a configuration. */
const IMAGE: StoredImage = {
  id: ID,
  manifest: { schemaVersion: 2, config: DESCRIPTOR, layers: [] },
  manifestDescriptor: DESCRIPTOR,
  config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  target: DESCRIPTOR,
  parent: undefined,
  siblings: [],
  names: ['docker.io/library/busybox:latest'],
  repoDigests: [],
  addedAt: '2024-01-01T00:00:00Z',
  lastTaggedAt: '2024-01-01T00:00:00Z',
};

/** The only image is `busybox`. */
export const testImages: CreateContainersDeps['images'] = {
  resolve(ref) {
    if (ref !== 'busybox' && ref !== ID) throw notFound('image', ref);
    return IMAGE;
  },
};
