import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContentStore } from '../content/index.ts';
import type { StateDb } from '../db/index.ts';
import { auditRecords } from './audit.ts';
import { type Catalog, createCatalog, referencesOf, type Target, type TargetRecord } from './catalog.ts';
import { imageAdditions, imageRemovals } from './image-changes.ts';
import { type ImageRecords, type NameRecord, refreshIndex } from './image-records.ts';
import type { ImageStore } from './image-store.ts';
import { imageUses } from './image-uses.ts';
import { loadTargets } from './load-targets.ts';
import { type ResolveSource, resolveImage } from './resolve.ts';

export interface ImageStoreDeps {
  readonly db: StateDb;
  readonly content: ContentStore;
  readonly logger: Logger;
  /** Identifies the machine's boot, so that a power cut can be told from a killed engine. */
  readonly bootId: string;
}

/**
 * Loads all records. Each image's documents are read once, here or when the image is added. Content that a power cut
 * may have damaged is verified. An image whose content is lost is reported and dropped.
 */
export async function openImageStore(deps: ImageStoreDeps): Promise<ImageStore> {
  const { db } = deps;
  const targetTable = db.table<TargetRecord>('image_targets', { durable: true });
  const nameTable = db.table<NameRecord>('image_names', { durable: true });
  const catalog = createCatalog();
  const uses = imageUses(db);
  await loadTargets(deps, targetTable, catalog);
  for (const { name, target } of nameTable.all()) {
    if (catalog.target(target) === undefined) nameTable.delete(name);
    else catalog.move(name, target);
  }

  uses.keepOnly(catalog.ids());

  const records: ImageRecords = { ...deps, targetTable, nameTable, catalog, uses };
  refreshIndex(records);
  return {
    ...imageLookups(catalog),
    ...imageAdditions(records),
    ...imageRemovals(records),
    used(id) {
      // A container may outlive its image.
      if (catalog.holders(id).length > 0) uses.note(id);
    },
    lastUsed(id) {
      const times = catalog.holders(id).flatMap(({ record }) => [record.addedAt, record.lastTaggedAt ?? '']);
      return Math.max(uses.at(id), ...times.map((time) => Date.parse(time) || 0));
    },
    audit: () =>
      auditRecords({
        catalog,
        targets: targetTable,
        names: nameTable,
        content: deps.content,
        refreshIndex: () => refreshIndex(records),
      }),
  };
}

type Candidates = ReturnType<ResolveSource['byDigest']>;

/** The images of a target, or those of its manifests with a digest. */
function candidatesOf(catalog: Catalog, target: Target | undefined, manifest?: Digest): Candidates {
  return target?.images
    .filter(({ descriptor }) => manifest === undefined || descriptor.digest === manifest)
    .map((image) => ({ config: image.config, open: () => catalog.view(target, image) }));
}

function imagesOfDigest(catalog: Catalog, digest: Digest): Candidates {
  const image = catalog.byId(digest);
  if (image !== undefined) return [{ config: image.config, open: () => image }];
  const target = catalog.target(digest);
  if (target !== undefined) return candidatesOf(catalog, target);
  const holders = catalog
    .targets()
    .filter(({ images }) => images.some(({ descriptor }) => descriptor.digest === digest));
  return candidatesOf(catalog, holders.find(({ names }) => names.size > 0) ?? holders[0], digest);
}

function* documentsOf(catalog: Catalog): Generator<Digest> {
  for (const { record, images } of catalog.targets()) {
    yield record.descriptor.digest;
    for (const { descriptor } of images) yield descriptor.digest;
  }
}

type Lookups =
  | 'resolve'
  | 'get'
  | 'list'
  | 'names'
  | 'targets'
  | 'children'
  | 'references'
  | 'referencesOf'
  | 'notDurable';

function imageLookups(catalog: Catalog): Pick<ImageStore, Lookups> {
  return {
    resolve: (ref, platform) =>
      resolveImage(ref, platform, {
        byName: (name) => candidatesOf(catalog, catalog.owner(name)),
        byDigest: (digest) => imagesOfDigest(catalog, digest),
        ids: catalog.ids,
        documents: () => documentsOf(catalog),
      }),
    get: catalog.byId,
    list: () => [...catalog.ids()].flatMap((id) => catalog.byId(id) ?? []),
    names: catalog.names,
    targets: () =>
      catalog.targets().map((target) => ({
        descriptor: target.record.descriptor,
        names: [...target.names],
        images: target.images.map((image) => catalog.view(target, image)),
        attachments: target.record.attachments ?? [],
      })),
    children: (id) =>
      catalog
        .targets()
        .filter(({ record }) => record.parent === id)
        .flatMap((target) => target.images.map((image) => catalog.view(target, image))),
    references: () => referencesOf(catalog.targets()),
    referencesOf: (id) => referencesOf(catalog.holders(id)),
    notDurable: () =>
      catalog
        .targets()
        .flatMap(({ record }) =>
          record.unsettled === undefined ? [] : { target: record.descriptor.digest, boot: record.unsettled },
        ),
  };
}
