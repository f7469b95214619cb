import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { decompress, withoutDestroy } from '../../io/index.ts';
import {
  type ContainerConfig,
  familiarString,
  hostPlatform,
  type ImageConfig,
  imageName,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
  parsePlatform,
  parseReference,
  withDefaultTag,
  withTag,
} from '../../spec/index.ts';
import { applyChanges } from '../changes/apply-changes.ts';
import { unpackImages } from '../layers/unpack-images.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import type { Progress } from '../progress/progress.ts';

export interface ImportOptions {
  readonly repo: string;
  readonly tag: string;
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** `os/arch[/variant]`, or '' for the default. */
  readonly platform: string;
}

/**
 * Makes an image of one layer from the tar (plain, gzip or zstd) of a root file system. Returns its id. A failure
 * leaves nothing.
 * @throws EngineError invalid for a bad name, change, platform or archive; noSpace, cancelled
 */
export async function importImage(
  deps: ImagesDeps,
  archive: Readable,
  call: { readonly options: ImportOptions; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<string> {
  const { options, progress, signal } = call;
  const { names, config, platform } = readOptions(options);
  await using lease = deps.collector.lease();

  const { stream } = await decompress(withoutDestroy(archive), deps.limits.maxLayerBytes);
  await using ingest = await deps.content.ingest();
  for await (const chunk of stream) {
    if (signal.aborted) throw new EngineError('cancelled', 'importing was cancelled');
    await ingest.write(chunk as Buffer);
  }
  const { digest: diffId, sizeBytes } = await ingest.commit({}, lease.blob);

  const created = new Date().toISOString();
  const image: ImageConfig = {
    ...platform,
    config,
    created,
    history: [{ created, comment: options.message }],
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
  const put = (document: object): { readonly digest: Digest; readonly size: number } => {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
    lease.blob(digest);
    deps.content.put(bytes);
    return { digest, size: bytes.length };
  };
  const stored = put(image);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, ...stored },
    layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: diffId, size: sizeBytes }],
  };
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, ...put(manifest) };
  await unpackImages(deps, [{ manifest, config: image }], { lease, progress: () => {}, signal });
  deps.images.add([{ descriptor, manifests: [descriptor], names }]);
  for (const name of names) {
    imageEvent(deps, 'tag', { id: stored.digest, config: image }, familiarString(parseReference(name)));
  }
  imageEvent(deps, 'import', { id: stored.digest, config: image });
  progress({ status: stored.digest });
  deps.makeDurable();
  return stored.digest;
}

/** Checks the options before the first byte is read. @throws EngineError invalid */
export function readOptions(options: ImportOptions): {
  readonly names: readonly string[];
  readonly config: ContainerConfig;
  readonly platform: Platform;
} {
  const platform = options.platform === '' ? hostPlatform() : parsePlatform(options.platform);
  if (platform.os !== 'linux') throw new EngineError('invalid', 'operating system is not supported');
  return { names: importName(options), config: applyChanges({}, options.changes), platform };
}

function importName({ repo, tag }: ImportOptions): string[] {
  if (repo === '') return [];
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw new EngineError('invalid', 'cannot import digest reference');
  return [imageName(tag === '' ? withDefaultTag(reference) : withTag(reference, tag))];
}
