import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore } from '../images/image-store.ts';

export interface RetainedBlob {
  readonly digest: Digest;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Blobs of cut pulls, kept for the pull that goes on with them: in memory and in the table `retained_blobs`. */
export interface RetainedBlobs {
  digests(): Iterable<Digest>;
  add(digest: Digest): void;
  /** Ignores digests that are not retained. */
  delete(digests: readonly Digest[]): void;
  /** Deletes those that are older than a week and returns them. */
  deleteExpired(): readonly Digest[];
}

export interface RetainedBlobsDeps {
  readonly content: Pick<ContentStore, 'has'>;
  readonly images: Pick<ImageStore, 'references'>;
  readonly retained: Records<RetainedBlob>;
  readonly logger: Logger;
}

const RETAINED_MS_MAX = 7 * 24 * 3600 * 1000;

/** Deletes the records of blobs that are gone, that an image refers to by now, or that are older than a week. */
export function loadRetainedBlobs({ content, images, retained: records, logger }: RetainedBlobsDeps): RetainedBlobs {
  const sinceByDigest = new Map<Digest, number>();
  const forget = (digest: Digest): void => {
    sinceByDigest.delete(digest);
    try {
      records.delete(digest);
    } catch (error) {
      // A full disk may refuse even this: a later start deletes the record.
      logger.warn({ blob: digest, err: error }, 'cannot delete the record of a retained blob');
    }
  };
  const used = images.references().blobs;
  for (const { digest, since } of records.all()) {
    const isWanted = content.has(digest) && !used.has(digest) && since > Date.now() - RETAINED_MS_MAX;
    if (isWanted) sinceByDigest.set(digest, since);
    else forget(digest);
  }
  return {
    digests: () => sinceByDigest.keys(),
    add(digest) {
      const since = Date.now();
      sinceByDigest.set(digest, since);
      records.put(digest, { digest, since });
    },
    delete(digests) {
      for (const digest of digests) if (sinceByDigest.has(digest)) forget(digest);
    },
    deleteExpired() {
      const before = Date.now() - RETAINED_MS_MAX;
      const old = [...sinceByDigest].flatMap(([digest, since]) => (since < before ? [digest] : []));
      for (const digest of old) forget(digest);
      return old;
    },
  };
}
