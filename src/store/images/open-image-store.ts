import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import { formatNanos } from '../../base/time.ts';
import { parseReference } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { StateDb } from '../db/index.ts';
import { type Catalog, createCatalog, referencesOf, type TargetRecord } from './catalog.ts';
import { readDocuments } from './documents.ts';
import type { ImageStore, NewTarget, StoredImage } from './image-store.ts';
import { writeLayoutIndex } from './layout-index.ts';
import { resolveImage } from './resolve.ts';

export interface ImageStoreDeps {
  readonly db: StateDb;
  readonly content: ContentStore;
  readonly logger: Logger;
  /** Changes with every boot of the machine: tells a killed engine from a power cut. */
  readonly bootId: string;
}

/** Table `image_names`, by canonical name. */
interface NameRecord {
  readonly name: string;
  readonly target: Digest;
}

/**
 * Loads all records; each image's documents are read once, here or when it is added. Content that a power cut may have
 * spoilt is verified. An image whose content is lost is reported and forgotten.
 */
export async function openImageStore(deps: ImageStoreDeps): Promise<ImageStore> {
  const { db, content, logger, bootId } = deps;
  const targetTable = db.table<TargetRecord>('image_targets', { durable: true });
  const nameTable = db.table<NameRecord>('image_names', { durable: true });
  const catalog = createCatalog();
  await loadTargets(deps, targetTable, catalog);
  for (const { name, target } of nameTable.all()) {
    if (catalog.target(target) === undefined) nameTable.delete(name);
    else catalog.move(name, target);
  }

  const refreshIndex = (): void => {
    try {
      writeLayoutIndex(
        content,
        catalog.targets().map(({ record, names }) => ({ target: record.descriptor, names })),
      );
    } catch (error) {
      // The state database is the truth; the index is written again with the next change.
      logger.warn({ err: error }, 'cannot write the content index');
    }
  };
  refreshIndex();

  /** Memory follows once the transaction is committed. */
  const put = (record: TargetRecord, names: readonly string[]): void => {
    const { digest } = record.descriptor;
    db.transaction(() => {
      targetTable.put(digest, record);
      for (const name of names) nameTable.put(name, { name, target: digest });
    });
  };
  const moveAll = (names: readonly string[], to: Digest): void => {
    for (const name of names) catalog.move(name, to);
    refreshIndex();
  };

  const add = (fresh: NewTarget): StoredImage[] => {
    for (const name of fresh.names) parseReference(name);
    const { digest } = fresh.descriptor;
    const images = fresh.manifests.map((descriptor) => readDocuments(content, descriptor));
    if (images.length === 0) throw internal('a target without images');
    const at = now();
    const record: TargetRecord = {
      addedAt: at,
      ...catalog.target(digest)?.record,
      descriptor: fresh.descriptor,
      manifests: fresh.manifests,
      ...(fresh.parent === undefined ? {} : { parent: fresh.parent }),
      ...(fresh.names.length === 0 ? {} : { lastTaggedAt: at }),
      unsettled: bootId,
    };
    put(record, fresh.names);
    const target = catalog.enter(record, images);
    moveAll(fresh.names, digest);
    return images.map((image) => catalog.view(target, image));
  };

  return {
    resolve: (ref, platform) =>
      resolveImage(ref, platform, {
        byName: (name) => {
          const owner = catalog.owner(name);
          return owner?.images.map((image) => ({ config: image.config, open: () => catalog.view(owner, image) }));
        },
        byId: catalog.byId,
        ids: catalog.ids,
      }),
    get: catalog.byId,
    list: () => [...catalog.ids()].flatMap((id) => catalog.byId(id) ?? []),
    names: catalog.names,
    children: (id) =>
      catalog
        .targets()
        .filter(({ record }) => record.parent === id)
        .flatMap((target) => target.images.map((image) => catalog.view(target, image))),
    add,
    tag(id, name) {
      parseReference(name);
      const image = catalog.byId(id);
      const owner = image === undefined ? undefined : catalog.target(image.target.digest);
      if (owner === undefined) throw internal(`no image ${id}`);
      const record = { ...owner.record, lastTaggedAt: now() };
      put(record, [name]);
      catalog.enter(record, owner.images);
      moveAll([name], record.descriptor.digest);
    },
    setParent(id, parent) {
      for (const target of catalog.holders(id)) {
        const record = { ...target.record, parent };
        put(record, []);
        catalog.enter(record, target.images);
      }
    },
    untag(name) {
      if (catalog.owner(name) === undefined) return false;
      nameTable.delete(name);
      catalog.move(name, undefined);
      refreshIndex();
      return true;
    },
    remove(id) {
      const gone = catalog.holders(id);
      if (gone.length === 0) return;
      db.transaction(
        () => {
          for (const { record, names } of gone) {
            targetTable.delete(record.descriptor.digest);
            for (const name of names) nameTable.delete(name);
          }
        },
        { removes: true },
      );
      for (const target of gone) catalog.leave(target);
      refreshIndex();
    },
    references: () => referencesOf(catalog.targets()),
    referencesOf: (id) => referencesOf(catalog.holders(id)),
    settled(digests) {
      const changed = digests.flatMap((digest) => catalog.target(digest) ?? []);
      db.transaction(() => {
        for (const { record } of changed) targetTable.put(record.descriptor.digest, settledRecord(record));
      });
      for (const { record, images } of changed) catalog.enter(settledRecord(record), images);
    },
  };
}

async function loadTargets(
  { content, logger, bootId }: ImageStoreDeps,
  table: Records<TargetRecord>,
  catalog: Catalog,
): Promise<void> {
  for (const record of table.all()) {
    const { digest } = record.descriptor;
    try {
      const images = record.manifests.map((descriptor) => readDocuments(content, descriptor));
      catalog.enter(record, images);
      if (record.unsettled === undefined || record.unsettled === bootId) continue;
      for (const blob of images.flatMap(({ blobs }) => blobs)) {
        if (content.has(blob) && !(await content.verify(blob))) {
          content.delete(blob);
          throw internal(`blob ${blob} did not survive the power cut`);
        }
      }
    } catch (error) {
      logger.error({ target: digest, err: error }, 'image lost: its content is missing or broken');
      const target = catalog.target(digest);
      if (target !== undefined) catalog.leave(target);
      table.delete(digest);
    }
  }
}

function settledRecord({ unsettled: _, ...record }: TargetRecord): TargetRecord {
  return record;
}

function now(): string {
  return formatNanos(BigInt(Date.now()) * 1_000_000n);
}
