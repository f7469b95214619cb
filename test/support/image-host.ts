import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { notFound } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { RegistryHostsConfig } from '../../src/distribution/index.ts';
import type { Images } from '../../src/images/index.ts';
import { createImages } from '../../src/images/index.ts';
import { openStores, type Stores } from '../../src/store/index.ts';
import { type FakeImageSnapshots, fakeImageSnapshots } from './fake-image-snapshots.ts';
import { TEST_LIMITS, testRegistries } from './registries.ts';

/** Real stores in a folder of their own, with snapshots that only keep a list. */
export interface ImageHost extends AsyncDisposable {
  readonly root: string;
  readonly stores: Stores;
  readonly snapshots: FakeImageSnapshots;
  readonly images: ReturnType<typeof createImages>;
  /** A test sets the containers by the image from which they were made. */
  readonly users: Map<string, { readonly id: string; readonly running: boolean }[]>;
  readonly events: string[];
  /** Loads an archive. Returns the lines of its progress stream. */
  load(archive: Buffer, options?: Partial<Parameters<Images['load']>[1]>): Promise<string[]>;
  /** Files and layers beyond those of an empty store. */
  leftovers(): Promise<string[]>;
}

export async function imageHost(
  options: {
    readonly root?: string;
    readonly bootId?: string;
    readonly snapshots?: FakeImageSnapshots;
    readonly hosts?: Partial<RegistryHostsConfig>;
  } = {},
): Promise<ImageHost> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'gantry-images-'));
  const snapshots = options.snapshots ?? fakeImageSnapshots();
  const stores = await openStores({
    dataRoot: root,
    logger: silentLogger,
    openSnapshots: () => snapshots,
    ...(options.bootId === undefined ? {} : { bootId: options.bootId }),
  });
  const users: ImageHost['users'] = new Map();
  const events: string[] = [];
  const registries = testRegistries(options.hosts);
  const images = createImages({
    ...stores,
    users: { usersOf: (id) => users.get(id) ?? [] },
    containers: { hold: (ref) => Promise.reject(notFound('container', ref)) },
    events: { emit: (type, action, id) => void events.push(`${type} ${action} ${id.slice(7, 19)}`) },
    logger: silentLogger,
    registries,
    proxyOf: () => undefined,
    limits: TEST_LIMITS,
  });
  return {
    root,
    stores,
    snapshots,
    images,
    users,
    events,
    load: (archive, load = {}) => loaded(images, archive, load),
    leftovers: () => leftoversIn(root, stores, snapshots),
    async [Symbol.asyncDispose]() {
      await registries[Symbol.asyncDispose]();
      await stores.close();
      if (options.root === undefined && existsSync(root)) rmSync(root, { recursive: true, force: true });
    },
  };
}

async function loaded(
  images: Images,
  archive: Buffer,
  options: Partial<Parameters<Images['load']>[1]>,
): Promise<string[]> {
  const lines: string[] = [];
  await images.load(
    Readable.from(chunks(archive), { objectMode: false }),
    { quiet: true, platforms: [], ...options },
    (line) => void lines.push(String(line['stream'] ?? line['status']).trimEnd()),
    new AbortController().signal,
  );
  return lines;
}

async function leftoversIn(root: string, { content }: Stores, snapshots: FakeImageSnapshots): Promise<string[]> {
  await content.swept();
  const folders = ['blobs/sha256', 'ingest', 'trash'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, 'content', folder)).map((name) => `${folder}/${name}`),
  );
  return [...files, ...snapshots.layers().map(({ key }) => `layer ${key}`)];
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
