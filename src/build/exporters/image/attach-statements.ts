import { digestHex } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../../../spec/index.ts';
import type { ContentStore, Lease } from '../../../store/index.ts';
import { imageUrl } from '../../attest/index.ts';
import type { ExportedAttestation } from '../exporter.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const UNKNOWN: Platform = { architecture: 'unknown', os: 'unknown' };

export interface AttachDeps {
  readonly content: Pick<ContentStore, 'put'>;
  /** Canonical names of the image. */
  readonly names: readonly string[];
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
  { content, names, put }: AttachDeps,
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
  const subject = names.map((name) => ({
    name: imageUrl(name, platform),
    digest: { sha256: digestHex(about.digest) },
  }));
  const layers = statements.map(({ predicateType, predicate }) => ({
    mediaType: IN_TOTO,
    ...store({ _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate }),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  const diffIds = layers.map(({ digest }) => digest);
  const config = store({ ...UNKNOWN, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } });
  const manifest = await put('exporting attestation manifest', {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, ...config },
    layers,
  } as { readonly mediaType: string });
  const annotations = {
    'vnd.docker.reference.digest': about.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  };
  return { manifest: { ...manifest, annotations, platform: UNKNOWN }, layers };
}
