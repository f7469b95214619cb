import { digestHex } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../../../spec/index.ts';
import type { ContentStore, Lease } from '../../../store/index.ts';
import { imageUrl, subjectsOf } from '../../attest/index.ts';
import type { ExportedAttestation } from '../exporter.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const ARTIFACT = 'application/vnd.docker.attestation.manifest.v1+json';
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json' } as const;
const UNKNOWN: Platform = { architecture: 'unknown', os: 'unknown' };

export interface AttachDeps {
  readonly content: Pick<ContentStore, 'put'>;
  /** Canonical names of the image. */
  readonly names: readonly string[];
  /** Whether the manifest is an artifact of OCI. */
  readonly isArtifact: boolean;
  /** Stores a document, and shows it to the client. */
  readonly put: (title: string, document: { readonly mediaType: string }) => Promise<Descriptor>;
}

export interface AttachedStatements {
  readonly manifest: Descriptor | undefined;
  /** The statements themselves. */
  readonly layers: readonly Descriptor[];
}

/**
 * Writes statements about a platform's manifest as in-toto statements in a manifest of their own, as BuildKit attaches them to an
 * index. Without statements there is no manifest.
 */
export async function attachStatements(
  { content, names, isArtifact, put }: AttachDeps,
  made: {
    readonly about: Descriptor;
    readonly platform: Platform | undefined;
    readonly statements: readonly ExportedAttestation[];
    readonly lease: Lease;
  },
): Promise<AttachedStatements> {
  const { about, platform, statements, lease } = made;
  if (statements.length === 0) return { manifest: undefined, layers: [] };
  const store = (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = content.put(bytes);
    lease.blob(digest);
    return { digest, size: bytes.length };
  };
  const self = names.map((name) => ({
    name: imageUrl(name, platform),
    digest: { sha256: digestHex(about.digest) },
  }));
  const layers = statements.map(({ predicateType, predicate, subjects = [] }) => ({
    mediaType: IN_TOTO,
    ...store({
      ...{ _type: 'https://in-toto.io/Statement/v0.1', predicateType },
      ...{ subject: subjectsOf(subjects, self), predicate },
    }),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  const diffIds = layers.map(({ digest }) => digest);
  const kind = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest };
  const { mediaType, digest, size } = about;
  const document = isArtifact
    ? {
        ...kind,
        artifactType: ARTIFACT,
        config: { ...EMPTY, ...store({}), data: 'e30=' },
        layers,
        subject: { mediaType, digest, size },
      }
    : {
        ...kind,
        config: {
          mediaType: MEDIA_TYPE.ociConfig,
          ...store({ ...UNKNOWN, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
        },
        layers,
      };
  const manifest = await put('exporting attestation manifest', document);
  const annotations = {
    'vnd.docker.reference.digest': about.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  };
  return { manifest: { ...manifest, annotations, platform: UNKNOWN }, layers };
}
