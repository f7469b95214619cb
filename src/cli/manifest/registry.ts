import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import type { Repository } from '../../distribution/index.ts';
import {
  canonicalString,
  type Descriptor,
  type Index,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
  parseIndex,
  parseManifest,
} from '../../spec/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { openRepositories } from '../registry/repositories.ts';
import { streamBlob } from '../registry/stream-blob.ts';
import { type ImageManifest, imageManifest } from './image-manifest.ts';
import type { Name } from './name.ts';

const CONFIG_BYTES_MAX = 8 << 20;
const SINGLE = new Set<string>([MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerManifest]);
const LISTS = new Set<string>([MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerList]);

export interface FetchedDocument {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** Access to registries for the manifest commands: from this process, not by the engine. */
export interface ManifestRegistry extends AsyncDisposable {
  /** Returns a manifest or a list as the registry has it. @throws CliError `no such manifest: x` */
  document(name: Name): Promise<FetchedDocument>;
  /** @throws CliError `no such manifest: x`, `x is a manifest list` */
  image(name: Name): Promise<ImageManifest>;
  /** Returns the image, or the descriptors of a list. @throws CliError */
  look(name: Name): Promise<ImageManifest | readonly Pick<ImageManifest, 'Descriptor'>[]>;
  /** Returns the complete images of a list. @throws CliError */
  imagesOf(name: Name): Promise<readonly ImageManifest[]>;
  /** Makes the target's repository serve an image of another one: its blobs are mounted, else copied. */
  copy(image: ImageManifest, source: Name, target: Name): Promise<Digest>;
  putList(target: Name, list: { readonly mediaType: string; readonly bytes: Buffer }): Promise<Digest>;
}

interface Found {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** @throws CliError when the image has a form that lists cannot contain */
async function imageFrom(name: Name, found: Found, signal: AbortSignal): Promise<ImageManifest> {
  const { mediaType, digest } = found.descriptor;
  if (!SINGLE.has(mediaType)) throw new CliError(1, `unsupported manifest format: ${mediaType}`);
  const { config } = parseManifest(JSON.parse(found.bytes.toString()));
  const platform = await platformOf(found.repository, config, signal);
  return imageManifest(canonicalString(name), { mediaType, digest, bytes: found.bytes }, platform);
}

export function openManifestRegistry(cli: Cli, options: { readonly insecure: boolean }): ManifestRegistry {
  const { signal } = new AbortController();
  const connections = openRepositories(cli, () => options.insecure);
  const fetch = async (name: Name): Promise<Found> => {
    try {
      const repository = await connections.repository(name);
      return { repository, ...(await repository.manifest(name.digest ?? name.tag ?? 'latest', signal)) };
    } catch (error) {
      throw notFoundAs(name, error);
    }
  };
  return {
    async document(name) {
      const { descriptor, bytes } = await fetch(name);
      return { mediaType: descriptor.mediaType, digest: descriptor.digest, bytes };
    },
    async image(name) {
      const found = await fetch(name);
      if (LISTS.has(found.descriptor.mediaType)) throw new CliError(1, `${name.full} is a manifest list`);
      return imageFrom(name, found, signal);
    },
    async look(name) {
      const found = await fetch(name);
      if (!LISTS.has(found.descriptor.mediaType)) return imageFrom(name, found, signal);
      return entriesOf(found.bytes).map((Descriptor) => ({ Descriptor }));
    },
    imagesOf: (name) => imagesOf(fetch, name),
    async copy(image, source, target) {
      const from = await connections.repository(source);
      return copyImage(image, { from, mountFrom: source.path, to: await connections.repository(target) }, signal);
    },
    async putList(target, list) {
      const reference = target.digest ?? target.tag ?? 'latest';
      return parseDigest(await (await connections.repository(target)).putManifest(reference, list, signal));
    },
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

/** The images of a list, each from the registry. @throws CliError for one of a form that lists cannot contain */
async function imagesOf(fetch: (name: Name) => Promise<Found>, name: Name): Promise<ImageManifest[]> {
  const images: ImageManifest[] = [];
  for (const { digest, platform } of entriesOf((await fetch(name)).bytes)) {
    const child: Name = { ...name, digest, full: canonicalString({ ...name, digest }) };
    const { descriptor, bytes } = await fetch(child);
    if (!SINGLE.has(descriptor.mediaType)) {
      throw new CliError(1, `unsupported manifest format: ${descriptor.mediaType}`);
    }
    images.push(imageManifest(child.full, { ...descriptor, bytes }, platform ?? {}));
  }
  return images;
}

/** Copies an image with its blobs, except those that are elsewhere by their `urls`. */
async function copyImage(
  image: ImageManifest,
  { from, mountFrom, to }: { readonly from: Repository; readonly mountFrom: string; readonly to: Repository },
  signal: AbortSignal,
): ReturnType<ManifestRegistry['copy']> {
  const bytes = Buffer.from(image.Raw, 'base64');
  const manifest: Manifest = parseManifest(JSON.parse(bytes.toString()));
  for (const blob of [manifest.config, ...manifest.layers.filter(({ urls = [] }) => urls.length === 0)]) {
    const open = (offset: number): Readable => streamBlob(from, blob, offset, signal);
    await to.upload({ descriptor: blob, mountFrom: [mountFrom], open, progress: () => {} }, signal);
  }
  const { mediaType, digest } = image.Descriptor;
  return to.putManifest(digest, { mediaType, bytes }, signal);
}

function entriesOf(bytes: Buffer): Index['manifests'] {
  return parseIndex(JSON.parse(bytes.toString())).manifests;
}

async function platformOf(repository: Repository, config: Descriptor, signal: AbortSignal): Promise<Partial<Platform>> {
  if (config.size > CONFIG_BYTES_MAX) throw new CliError(1, `the config ${config.digest} is too large`);
  const parts: Buffer[] = [];
  const blob = streamBlob(repository, config, 0, signal);
  for await (const part of blob as AsyncIterable<Buffer>) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (config.digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`) {
    throw new CliError(1, `the registry sent a config whose digest is not ${config.digest}`);
  }
  return platformFields(bytes.toString());
}

/** The config of an artifact lacks these fields: annotate can add them. */
function platformFields(configText: string): Partial<Platform> {
  const config = new Map<string, unknown>(Object.entries(JSON.parse(configText) as object));
  const text = (name: string): string => {
    const value = config.get(name);
    return typeof value === 'string' ? value : '';
  };
  const features = config.get('os.features');
  return {
    architecture: text('architecture'),
    os: text('os'),
    variant: text('variant'),
    'os.version': text('os.version'),
    'os.features': Array.isArray(features) ? features.filter((each) => typeof each === 'string') : [],
  };
}

/** Returns docker's error for a missing manifest, and any other error unchanged. */
function notFoundAs(name: Name, error: unknown): unknown {
  const kind = isObject(error) ? error['kind'] : undefined;
  return kind === 'notFound' ? new CliError(1, `no such manifest: ${name.full}`, { cause: error }) : error;
}
