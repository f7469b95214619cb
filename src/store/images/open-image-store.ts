import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { formatNanos } from '../../base/time.ts';
import { type Descriptor, parseReference } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { StateDb } from '../db/index.ts';
import { auditRecords } from './audit.ts';
import { createCatalog, referencesOf, type Target, type TargetContent, type TargetRecord } from './catalog.ts';
import { attachmentBlobs, readDocuments } from './documents.ts';
import type { ImageStore, NewTarget } from './image-store.ts';
import { imageUses } from './image-uses.ts';
import { layoutEntries } from './layout-index.ts';
import { loadTargets } from './load-targets.ts';
import { resolveImage } from './resolve.ts';

export interface ImageStoreDeps {
  readonly db: StateDb;
  readonly content: ContentStore;
  readonly logger: Logger;
  /** Changes with every boot of the machine: tells a killed engine from a power cut. */
  readonly bootId: string;
}

/** What one transaction writes of a target. */
interface Change {
  readonly record: TargetRecord;
  readonly content: TargetContent;
  readonly names: readonly string[];
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
  const uses = imageUses(db);
  await loadTargets(deps, targetTable, catalog);
  for (const { name, target } of nameTable.all()) {
    if (catalog.target(target) === undefined) nameTable.delete(name);
    else catalog.move(name, target);
  }

  uses.keepOnly(catalog.ids());

  const refreshIndex = (): void => {
    try {
      content.writeIndex(layoutEntries(catalog.targets()));
    } catch (error) {
      // The state database is the truth; the index is written again with the next change.
      logger.warn({ err: error }, 'cannot write the content index');
    }
  };
  refreshIndex();

  /** One transaction; memory follows once it is committed. */
  const put = (changes: readonly Change[], gone?: Target): void => {
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
    refreshIndex();
  };

  const newChange = (fresh: NewTarget): Change => {
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
      unsettled: bootId,
    };
    return { record, content: { images, attachedBlobs }, names: fresh.names };
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
    add(targets) {
      const changes = targets.map(newChange);
      put(changes);
      for (const { id } of changes.flatMap((change) => change.content.images)) uses.note(id);
    },
    replace(old, by) {
      const gone = catalog.target(old);
      if (gone === undefined || old === by.descriptor.digest) return put([newChange(by)]);
      const { parent, addedAt, lastTaggedAt } = gone.record;
      const change = newChange({ ...by, names: [...gone.names, ...by.names] });
      const kept = {
        addedAt,
        ...(parent === undefined ? {} : { parent }),
        ...(lastTaggedAt === undefined ? {} : { lastTaggedAt }),
      };
      put([{ ...change, record: { ...change.record, ...kept } }], gone);
    },
    tag(target, name) {
      parseReference(name);
      const owner = catalog.target(target);
      if (owner === undefined) throw internal(`no target ${target}`);
      put([{ record: { ...owner.record, lastTaggedAt: now() }, content: owner, names: [name] }]);
    },
    setParent: (id, parent) =>
      put(catalog.holders(id).map((target) => ({ record: { ...target.record, parent }, content: target, names: [] }))),
    untag(names) {
      const gone = names.filter((name) => catalog.owner(name) !== undefined);
      if (gone.length === 0) return gone;
      db.transaction(
        () => {
          for (const name of gone) nameTable.delete(name);
        },
        { removes: true },
      );
      for (const name of gone) catalog.move(name, undefined);
      refreshIndex();
      return gone;
    },
    remove(ids) {
      const gone = new Set(ids.flatMap(catalog.holders));
      if (gone.size === 0) return;
      db.transaction(
        () => {
          for (const { record, names } of gone) {
            targetTable.delete(record.descriptor.digest);
            for (const name of names) nameTable.delete(name);
          }
          for (const id of ids) uses.forget(id);
        },
        { removes: true },
      );
      for (const target of gone) catalog.leave(target);
      refreshIndex();
    },
    removePlatforms(digest, manifests) {
      const target = catalog.target(digest);
      if (target === undefined) return;
      const images = target.images.filter(({ descriptor }) => !manifests.includes(descriptor.digest));
      if (images.length === 0) throw internal('a target without images');
      const about = ({ annotations }: Descriptor): string => annotations?.['vnd.docker.reference.digest'] ?? '';
      const attachments = (target.record.attachments ?? []).filter(
        (attachment) => !manifests.some((manifest) => manifest === about(attachment)),
      );
      const record = { ...target.record, manifests: images.map(({ descriptor }) => descriptor), attachments };
      const attachedBlobs = attachments.flatMap((descriptor) => attachmentBlobs(content, descriptor));
      put([{ record, content: { images, attachedBlobs }, names: [] }]);
      for (const { id } of target.images) if (catalog.holders(id).length === 0) uses.forget(id);
    },
    used(id) {
      // A container may live on without its image.
      if (catalog.holders(id).length > 0) uses.note(id);
    },
    lastUsed(id) {
      const times = catalog.holders(id).flatMap(({ record }) => [record.addedAt, record.lastTaggedAt ?? '']);
      return Math.max(uses.at(id), ...times.map((time) => Date.parse(time) || 0));
    },
    references: () => referencesOf(catalog.targets()),
    referencesOf: (id) => referencesOf(catalog.holders(id)),
    notDurable: () =>
      catalog
        .targets()
        .flatMap(({ record }) =>
          record.unsettled === undefined ? [] : { target: record.descriptor.digest, boot: record.unsettled },
        ),
    markDurable: (digests) =>
      put(
        digests.flatMap((digest) => {
          const target = catalog.target(digest);
          return target === undefined ? [] : { record: durableRecord(target.record), content: target, names: [] };
        }),
      ),
    audit: () => auditRecords({ catalog, targets: targetTable, names: nameTable, content, refreshIndex }),
  };
}

function durableRecord({ unsettled: _, ...record }: TargetRecord): TargetRecord {
  return record;
}

function now(): string {
  return formatNanos(BigInt(Date.now()) * 1_000_000n);
}
