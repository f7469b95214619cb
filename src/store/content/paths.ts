import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestHex } from '../../base/ids.ts';

/**
 * The content store is an OCI image layout with three additional folders, which readers of layouts ignore:
 *
 *     content/
 *       oci-layout                   {"imageLayoutVersion":"1.0.0"}
 *       index.json                   every name and its manifest or index, kept in step with state.db
 *       blobs/sha256/<hex>           verified, immutable; blobs/sha512/<hex> where a client asked for it
 *       ingest/once-<random>         being written, deleted at a restart
 *       ingest/kept-<sha256 of ref>  being written, resumed by the same ref
 *       trash/                       waiting to be deleted
 *       quarantine/<algorithm>-<hex> found to differ from its digest; exists only if that happened
 */
export interface ContentPaths {
  readonly root: string;
  readonly layout: string;
  readonly index: string;
  readonly blobs: string;
  readonly ingest: string;
  readonly trash: string;
  readonly quarantine: string;
  blobFolder(algorithm: string): string;
  blob(digest: Digest): string;
}

export const ONCE_PREFIX = 'once-';
export const KEPT_PREFIX = 'kept-';

/** Versions of index.json and oci-layout that were never renamed into place. */
export function temporaries(paths: ContentPaths): string[] {
  return readdirSync(paths.root)
    .filter((name) => /^(?:index\.json|oci-layout)\.tmp\d+$/.test(name))
    .map((name) => join(paths.root, name));
}

export function contentPaths(root: string): ContentPaths {
  const blobs = join(root, 'blobs');
  const blobFolder = (algorithm: string): string => join(blobs, algorithm);
  return {
    root,
    layout: join(root, 'oci-layout'),
    index: join(root, 'index.json'),
    blobs,
    ingest: join(root, 'ingest'),
    trash: join(root, 'trash'),
    quarantine: join(root, 'quarantine'),
    blobFolder,
    blob: (digest) => join(blobFolder(digest.slice(0, digest.indexOf(':'))), digestHex(digest)),
  };
}
