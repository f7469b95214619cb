import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { Catalog, TargetRecord } from './catalog.ts';
import { attachmentBlobs, readDocuments } from './documents.ts';

export interface LoadTargetsDeps {
  readonly content: ContentStore;
  readonly logger: Logger;
  readonly bootId: string;
}

/**
 * Fills the catalog from the records of the last run. Content that was written in another boot, and not marked durable,
 * is verified. An image that has lost content is reported and dropped. An image that has lost only an attestation stays
 * without it.
 */
export async function loadTargets(
  deps: LoadTargetsDeps,
  table: Records<TargetRecord>,
  catalog: Catalog,
): Promise<void> {
  for (const record of table.all()) {
    const { digest } = record.descriptor;
    const mayBeSpoilt = record.unsettled !== undefined && record.unsettled !== deps.bootId;
    try {
      const images = record.manifests.map((descriptor) => readDocuments(deps.content, descriptor));
      if (mayBeSpoilt) await verify(deps, [digest, ...images.flatMap(({ blobs }) => blobs)]);
      const kept = await loadAttachments(deps, record, mayBeSpoilt);
      if (kept.attachments.length !== (record.attachments ?? []).length) {
        table.put(digest, { ...record, attachments: kept.attachments });
      }
      catalog.enter({ ...record, attachments: kept.attachments }, { images, attachedBlobs: kept.attachedBlobs });
    } catch (error) {
      deps.logger.error({ target: digest, err: error }, 'image lost: its content is missing or broken');
      table.delete(digest);
    }
  }
}

async function loadAttachments(
  deps: LoadTargetsDeps,
  record: TargetRecord,
  mayBeSpoilt: boolean,
): Promise<{ readonly attachments: readonly Descriptor[]; readonly attachedBlobs: readonly Digest[] }> {
  const attachments: Descriptor[] = [];
  const attachedBlobs: Digest[] = [];
  for (const descriptor of record.attachments ?? []) {
    try {
      const blobs = attachmentBlobs(deps.content, descriptor);
      if (mayBeSpoilt) await verify(deps, blobs);
      attachments.push(descriptor);
      attachedBlobs.push(...blobs);
    } catch (error) {
      const target = record.descriptor.digest;
      deps.logger.warn(
        { target, attachment: descriptor.digest, err: error },
        'attestation lost: the image is kept without it',
      );
    }
  }
  return { attachments, attachedBlobs };
}

/** @throws EngineError internal for the first blob whose content is wrong, after deleting it */
async function verify({ content }: LoadTargetsDeps, blobs: readonly Digest[]): Promise<void> {
  for (const blob of blobs) {
    if (await content.verify(blob)) continue;
    content.delete(blob);
    throw internal(`blob ${blob} did not survive the power cut`);
  }
}
