import type { Descriptor } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';

/**
 * index.json of the content store: one entry per name (OCI image layout), and one without for a dangling target. The full
 * name is in both annotations: readers of layouts (`skopeo inspect oci:DIR:NAME`) look for the one, containerd for the other.
 */
export function writeLayoutIndex(
  content: ContentStore,
  targets: readonly { readonly target: Descriptor; readonly names: ReadonlySet<string> }[],
): void {
  const entries = targets.flatMap(({ target, names }) => {
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
  content.writeIndex(entries);
}
