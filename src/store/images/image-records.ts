import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import { formatNanos } from '../../base/time.ts';
import { parseReference } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { StateDb } from '../db/index.ts';
import type { Catalog, Target, TargetContent, TargetRecord } from './catalog.ts';
import { attachmentBlobs, readDocuments } from './documents.ts';
import type { NewTarget } from './image-store.ts';
import type { ImageUses } from './image-uses.ts';
import { layoutEntries } from './layout-index.ts';

/** The changes of a target that one transaction writes. */
export interface Change {
  readonly record: TargetRecord;
  readonly content: TargetContent;
  readonly names: readonly string[];
}

/** A record of the table `image_names`, by canonical name. */
export interface NameRecord {
  readonly name: string;
  readonly target: Digest;
}

/** The stored records of images, with their copy in memory. */
export interface ImageRecords {
  readonly db: StateDb;
  readonly content: ContentStore;
  readonly logger: Logger;
  readonly bootId: string;
  readonly targetTable: Records<TargetRecord>;
  readonly nameTable: Records<NameRecord>;
  readonly catalog: Catalog;
  readonly uses: ImageUses;
}

/**
 * Rewrites `content/index.json`. Never throws: the state database is the truth, and the next change writes the file
 * again.
 */
export function refreshIndex({ content, catalog, logger }: ImageRecords): void {
  try {
    content.writeIndex(layoutEntries(catalog.targets()));
  } catch (error) {
    logger.warn({ err: error }, 'cannot write the content index');
  }
}

/** Writes the changes in one transaction. Memory changes once it is committed. */
export function putTargets(records: ImageRecords, changes: readonly Change[], gone?: Target): void {
  const { db, targetTable, nameTable, catalog } = records;
  db.transaction(() => {
    for (const { record, names } of changes) {
      const { digest } = record.descriptor;
      targetTable.put(digest, record);
      for (const name of names) nameTable.put(name, { name, target: digest });
    }
    if (gone !== undefined) targetTable.delete(gone.record.descriptor.digest);
  });
  for (const { record, content: entered, names } of changes) {
    catalog.enter(record, entered);
    for (const name of names) catalog.move(name, record.descriptor.digest);
  }
  if (gone !== undefined) catalog.leave(gone);
  refreshIndex(records);
}

/** The change that adds a target. Parts of it that are stored already stay. */
export function newChange({ content, catalog, bootId }: ImageRecords, fresh: NewTarget): Change {
  for (const name of fresh.names) parseReference(name);
  const known = catalog.target(fresh.descriptor.digest);
  const manifests = [...(known?.record.manifests ?? [])];
  const images = [...(known?.images ?? [])];
  for (const descriptor of fresh.manifests) {
    if (manifests.some(({ digest }) => digest === descriptor.digest)) continue;
    manifests.push(descriptor);
    images.push(readDocuments(content, descriptor));
  }
  if (images.length === 0) throw internal('a target without images');
  const attachments = [...(known?.record.attachments ?? [])];
  const attachedBlobs = [...(known?.attachedBlobs ?? [])];
  for (const descriptor of fresh.attachments ?? []) {
    if (attachments.some(({ digest }) => digest === descriptor.digest)) continue;
    attachments.push(descriptor);
    attachedBlobs.push(...attachmentBlobs(content, descriptor));
  }
  const record: TargetRecord = {
    addedAt: now(),
    ...known?.record,
    descriptor: known?.record.descriptor ?? fresh.descriptor,
    manifests,
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(fresh.parent === undefined ? {} : { parent: fresh.parent }),
    ...(fresh.names.length > 0 && fresh.keepsTagTime !== true ? { lastTaggedAt: now() } : {}),
    unsettled: bootId,
  };
  return { record, content: { images, attachedBlobs }, names: fresh.names };
}

export function now(): string {
  return formatNanos(BigInt(Date.now()) * 1_000_000n);
}
