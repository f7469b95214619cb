import type { Descriptor } from '../../spec/index.ts';
import type { Target } from './catalog.ts';

/**
 * The entries of the content store's index.json: one per name (OCI image layout), and one without a name for a dangling
 * target. The full name is in two annotations: readers of layouts (`skopeo inspect oci:DIR:NAME`) look for one,
 * containerd for the other.
 */
export function layoutEntries(targets: readonly Pick<Target, 'record' | 'names'>[]): Descriptor[] {
  return targets.flatMap(({ record, names }) => {
    const target = record.descriptor;
    if (names.size === 0) return [target];
    return [...names].map((name) => ({
      ...target,
      annotations: {
        ...target.annotations,
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name,
      },
    }));
  });
}
