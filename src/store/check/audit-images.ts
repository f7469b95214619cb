import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { familiarString, parseIndex, parseReference } from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';
import { type Finding, repaired } from '../finding.ts';
import type { Collector } from '../gc/index.ts';
import type { ImageStore, StoredImage } from '../images/index.ts';
import { unpackChain } from '../repair-layers.ts';
import type { Snapshots } from '../snapshots/index.ts';

export interface AuditImagesDeps {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly collector: Collector;
}

/**
 * Finds missing content that images refer to, and content that nothing refers to. Synchronous, so that it sees the
 * stores at one moment.
 */
export function auditImages(deps: AuditImagesDeps): Finding[] {
  const found = new Map<string, Finding>();
  for (const image of deps.images.list()) {
    for (const finding of [...auditBlobs(deps, image), ...auditChain(deps, image)]) {
      found.set(`${finding.kind} ${finding.subject}`, finding);
    }
  }
  return [...found.values(), ...auditUnused(deps)];
}

function auditBlobs({ content, images }: AuditImagesDeps, image: StoredImage): Finding[] {
  const { target, manifestDescriptor, manifest } = image;
  const advice = `pull or load ${shownName(image)} again`;
  const missing = [...images.referencesOf(image.id).blobs].filter((digest) => !content.has(digest));
  const problem = `${shownName(image)} refers to it, and it is not there`;
  const findings = missing.map((subject): Finding => ({ kind: 'blob-missing', subject, problem, advice }));
  const wrongSizes = [target, manifestDescriptor, manifest.config, ...manifest.layers].flatMap(
    ({ digest, size }): Finding[] => {
      const shared = { subject: digest, advice };
      if (!content.has(digest)) return [];
      const actual = content.sizeBytes(digest);
      if (actual === size) return [];
      return [{ ...shared, kind: 'blob-size', problem: `it has ${actual} bytes, ${shownName(image)} says ${size}` }];
    },
  );
  findings.push(...wrongSizes);
  if (target.digest === manifestDescriptor.digest || !content.has(target.digest)) return findings;
  try {
    parseIndex(content.readJson(target.digest));
  } catch (error) {
    findings.push({ kind: 'index-broken', subject: target.digest, problem: messageOf(error), advice });
  }
  return findings;
}

function auditChain(deps: AuditImagesDeps, image: StoredImage): Finding[] {
  const diffIds = image.config.rootfs.diff_ids;
  try {
    deps.snapshots.chain(diffIds);
    return [];
  } catch {
    const isComplete = image.manifest.layers.every(({ digest }) => deps.content.has(digest));
    return [
      {
        kind: 'layer-missing',
        subject: image.id,
        problem: `not every layer of ${shownName(image)} is unpacked`,
        advice: isComplete ? 'unpacked again from its blobs' : `pull or load ${shownName(image)} again`,
        ...(isComplete
          ? {
              repair: async () => {
                await unpackChain(deps, image);
                return repaired('unpacked again from its blobs');
              },
            }
          : {}),
      },
    ];
  }
}

function auditUnused({ content, snapshots, collector }: AuditImagesDeps): Finding[] {
  const { blobs, layers, lost } = collector.audit();
  return [
    ...blobs.map((digest): Finding => {
      const repair = async (): Promise<ReturnType<typeof repaired>> => {
        await collector.collect({ blobs: new Set([digest]), chains: [] });
        return repaired(content.has(digest) ? 'in use by now' : 'deleted');
      };
      return { kind: 'blob-unused', subject: digest, problem: 'nothing refers to it', advice: 'deleted', repair };
    }),
    ...layers.map(({ key }): Finding => {
      const repair = async (): Promise<ReturnType<typeof repaired>> => {
        await collector.collect({ blobs: new Set(), chains: [], layers: [key] });
        return repaired(snapshots.layers().some((layer) => layer.key === key) ? 'in use by now' : 'deleted');
      };
      return { kind: 'layer-unused', subject: key, problem: 'nothing refers to it', advice: 'deleted', repair };
    }),
    ...lost.map((digest): Finding => {
      const repair = (): ReturnType<typeof repaired> => {
        collector.release([digest]);
        return repaired('forgotten');
      };
      const problem = 'it was kept for a pull that would be gone on with, and is not there';
      return { kind: 'record-disagrees', subject: digest, problem, advice: 'forgotten: the pull fetches it', repair };
    }),
  ];
}

/** Names of the images that use a blob, in the familiar form. */
export function usersOf(images: ImageStore, digest: Digest): string[] {
  return images
    .list()
    .filter(({ id }) => images.referencesOf(id).blobs.has(digest))
    .map(shownName);
}

function shownName({ names, repoDigests, id }: StoredImage): string {
  const [name] = [...names, ...repoDigests];
  return name === undefined ? id : familiarString(parseReference(name));
}
