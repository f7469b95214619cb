import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { type Builder, type BuildImages, createBuilder, type PullProgress } from '../../build/index.ts';
import type { ProxyRule, Registries } from '../../distribution/index.ts';
import type { createImages, Progress } from '../../images/index.ts';
import type { Networks } from '../../network/index.ts';
import type { HostFacts, TaskRuntime } from '../../runtime/index.ts';
import { parseReference, repositoryName } from '../../spec/index.ts';
import type { LayerKey } from '../../store/index.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Storage } from './open-storage.ts';

export interface OpenBuilderDeps {
  readonly settings: LiveConfig;
  readonly storage: Storage;
  readonly networks: Networks;
  readonly runtime: TaskRuntime;
  readonly host: HostFacts;
  readonly images: ReturnType<typeof createImages>;
  readonly registries: Registries;
  readonly proxyOf: ProxyRule;
  readonly logger: Logger;
}

/** Opens the builder on the engine's own parts. The caller calls `restore`, and disposes it. */
export function openBuilder(deps: OpenBuilderDeps): Builder {
  const { settings, storage, networks, runtime, host, proxyOf, logger } = deps;
  const { stores, snapshots, buildRecords } = storage;
  const { dataRoot, execRoot, runDefaults } = settings.current;
  return createBuilder(
    {
      ...{ snapshots, networks, runtime, host, proxyOf, logger },
      content: stores.content,
      collector: stores.collector,
      images: buildImages(deps),
      dns: { servers: runDefaults.dns, search: runDefaults.dnsSearch, options: runDefaults.dnsOptions },
      imageLayers: () => imageLayers(stores),
      table: (name) => stores.db.table(name, { durable: false }),
      transaction: (change) => stores.db.transaction(change, { durable: false }),
      folder: join(dataRoot, 'build'),
      runFolder: join(execRoot, 'build'),
      get limits() {
        const { ulimits, builder } = settings.current;
        const { parallelSteps, cacheBytes } = builder;
        return { ulimits, parallelSteps, cacheBytes: cacheBytes === 'default' ? tenthOfDisk(dataRoot) : cacheBytes };
      },
    },
    buildRecords,
  );
}

function buildImages({ images, registries }: Pick<OpenBuilderDeps, 'images' | 'registries'>): BuildImages {
  return {
    find: (ref, platform) => images.builds.find(ref, platform),
    resolve: (ref, platform, { credentials }, signal) => images.builds.resolve({ ref, platform, credentials }, signal),
    pull: (ref, platform, { credentials, progress }, signal) =>
      images.builds.pull({ ref, platform, credentials }, layerLines(progress), signal),
    add: (image) => images.builds.add(image),
    async pushContent({ name, descriptor }, { credentials, progress }, signal) {
      const login = await credentials(parseReference(name).domain);
      await images.builds.push({ name, descriptor, credentials: login }, layerLines(progress), signal);
    },
    repository: async ({ domain, path }, { credentials }) =>
      registries.repository(domain, path, await credentials(domain)),
    async push(name, { credentials, progress }, signal) {
      const reference = parseReference(name);
      const request = {
        image: repositoryName(reference),
        tag: reference.tag ?? '',
        credentials: await credentials(reference.domain),
      };
      await images.push(request, layerLines(progress), signal);
    },
  };
}

/** The layers of images. What is not unpacked has none. */
function imageLayers({ images, snapshots }: Storage['stores']): ReadonlySet<LayerKey> {
  const unpacked = new Map<Digest | undefined, LayerKey[]>();
  for (const { key, diffIds } of snapshots.layers()) {
    const diffId = diffIds.at(-1);
    unpacked.set(diffId, [...(unpacked.get(diffId) ?? []), key]);
  }
  const wanted = new Set(images.references().chains.flat());
  return new Set([...wanted].flatMap((diffId) => unpacked.get(diffId) ?? []));
}

/** Passes on what the lines of a pull or push say of layers. */
function layerLines(progress: (line: PullProgress) => void): Progress {
  return ({ id, status, progressDetail }) => {
    if (typeof id !== 'string' || typeof status !== 'string') return;
    progress({ id, status, ...(progressDetail as Pick<PullProgress, 'current' | 'total'> | undefined) });
  };
}

function tenthOfDisk(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return Math.floor((blocks * bsize) / 10);
}
