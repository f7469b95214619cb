import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Descriptor, parseReference } from '../../spec/index.ts';
import type { TargetRecord } from './catalog.ts';
import { attachmentBlobs } from './documents.ts';
import { type ImageRecords, newChange, now, putTargets, refreshIndex } from './image-records.ts';
import type { ImageStore } from './image-store.ts';

/** The methods of `ImageStore` that add targets and names. */
export function imageAdditions(
  records: ImageRecords,
): Pick<ImageStore, 'add' | 'replace' | 'tag' | 'setParent' | 'markDurable'> {
  const { catalog, uses } = records;
  return {
    add(targets) {
      const changes = targets.map((fresh) => newChange(records, fresh));
      putTargets(records, changes);
      for (const { id } of changes.flatMap((change) => change.content.images)) uses.note(id);
    },
    replace(old, by) {
      const gone = catalog.target(old);
      if (gone === undefined || old === by.descriptor.digest)
        return putTargets(records, [newChange(records, { ...by, keepsTagTime: true })]);
      const { parent, addedAt } = gone.record;
      const change = newChange(records, { ...by, names: [...gone.names, ...by.names], keepsTagTime: true });
      const lastTaggedAt = [gone, change]
        .flatMap(({ record }) => record.lastTaggedAt ?? [])
        .sort()
        .at(-1);
      const kept = {
        addedAt,
        ...(parent === undefined ? {} : { parent }),
        ...(lastTaggedAt === undefined ? {} : { lastTaggedAt }),
      };
      putTargets(records, [{ ...change, record: { ...change.record, ...kept } }], gone);
    },
    tag(target, name) {
      parseReference(name);
      const owner = catalog.target(target);
      if (owner === undefined) throw internal(`no target ${target}`);
      putTargets(records, [{ record: { ...owner.record, lastTaggedAt: now() }, content: owner, names: [name] }]);
    },
    setParent: (id, parent) =>
      putTargets(
        records,
        catalog.holders(id).map((target) => ({ record: { ...target.record, parent }, content: target, names: [] })),
      ),
    markDurable: (digests) =>
      putTargets(
        records,
        digests.flatMap((digest) => {
          const target = catalog.target(digest);
          return target === undefined ? [] : { record: durableRecord(target.record), content: target, names: [] };
        }),
      ),
  };
}

/** The methods of `ImageStore` that remove targets and names. */
export function imageRemovals(records: ImageRecords): Pick<ImageStore, 'untag' | 'remove' | 'removePlatforms'> {
  const { db, targetTable, nameTable, catalog, uses } = records;
  return {
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
      refreshIndex(records);
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
      refreshIndex(records);
    },
    removePlatforms: (digest, manifests) => removePlatforms(records, digest, manifests),
  };
}

/** Removes the platforms with these manifests from a target, with their attachments. */
function removePlatforms(records: ImageRecords, digest: Digest, manifests: readonly Digest[]): void {
  const { content, catalog, uses } = records;
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
  putTargets(records, [{ record, content: { images, attachedBlobs }, names: [] }]);
  for (const { id } of target.images) if (catalog.holders(id).length === 0) uses.forget(id);
}

function durableRecord({ unsettled: _, ...record }: TargetRecord): TargetRecord {
  return record;
}
