import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import {
  type ClassicBuilder,
  type ClassicContainers,
  type ClassicImages,
  createClassicBuilder,
} from '../../build/index.ts';
import type { ContainersDomain } from '../../containers/index.ts';
import { fetchFile, type proxyRule } from '../../distribution/index.ts';
import type { createImages } from '../../images/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import { parseReference, type Reference, repositoryName } from '../../spec/index.ts';
import type { ImageStore } from '../../store/index.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Storage } from './open-storage.ts';

export interface OpenClassicBuilderDeps {
  readonly settings: LiveConfig;
  readonly storage: Pick<Storage, 'stores' | 'snapshots'>;
  readonly containers: ContainersDomain;
  readonly images: ReturnType<typeof createImages>;
  readonly proxyOf: ReturnType<typeof proxyRule>;
  readonly logger: Logger;
}

/** Opens the classic builder on containers and images. */
export function openClassicBuilder(deps: OpenClassicBuilderDeps): ClassicBuilder {
  const { settings, storage, containers, images, proxyOf, logger } = deps;
  const { stores, snapshots } = storage;
  return createClassicBuilder({
    ...{ snapshots, logger },
    content: stores.content,
    collector: stores.collector,
    images: stepImages(images, stores.images),
    containers: stepContainers(containers),
    fetch: (url, signal) => fetchFile(url, proxyOf, signal),
    folder: join(settings.current.dataRoot, 'build', 'classic'),
  });
}

function stepImages(images: OpenClassicBuilderDeps['images'], store: ImageStore): ClassicImages {
  return {
    find(ref, platform) {
      try {
        return store.resolve(ref, platform);
      } catch (error) {
        // A name may also begin several ids.
        if (error instanceof EngineError && (error.kind === 'notFound' || error.kind === 'invalid')) return undefined;
        throw error;
      }
    },
    async pull({ ref, platform, credentials, progress }, signal) {
      const reference = parseReference(ref);
      const request = { image: ref, tag: tagOf(reference), credentials: credentials(reference.domain) };
      await images.pull({ ...request, ...(platform === undefined ? {} : { platform }) }, progress, signal);
      return store.resolve(ref, platform);
    },
    children: (parent) =>
      parent === undefined ? store.list().filter((image) => image.parent === undefined) : store.children(parent),
    add: (image) => images.builds.addStep(image),
    setParent: (id, parent) => store.setParent(id, parent),
    tag(id, name) {
      const reference = parseReference(name);
      return images.tag(id, { repo: repositoryName(reference), tag: reference.tag ?? '' });
    },
  };
}

/** Without a tag only the usual one is pulled. */
function tagOf({ tag, digest }: Reference): string {
  return tag === undefined && digest === undefined ? 'latest' : '';
}

function stepContainers(containers: ContainersDomain): ClassicContainers {
  return {
    create: (body, signal) => containers.create({ name: '', platform: '', body, isTemporary: true }, signal),
    run: (id, output, signal) => runContainer(containers, id, output, signal),
    async layer(id, signal) {
      const held = await containers.hold(id, { pause: false }, signal);
      await using _held = held;
      return await held.layer(signal);
    },
    remove: (id) =>
      containers
        .remove(id, { force: true, volumes: true, link: false }, new AbortController().signal)
        .catch(unlessGone),
    keep: (id) => containers.keep(id),
  };
}

const OUTPUT_ONLY = { stdin: false, stdout: true, stderr: true, logs: false, stream: true, detachKeys: '' };

async function runContainer(
  containers: ContainersDomain,
  id: string,
  output: Parameters<ClassicContainers['run']>[1],
  signal: AbortSignal,
): Promise<number> {
  const ended = new AbortController();
  const attachment = await containers.attach(id, OUTPUT_ONLY, signal);
  const [engine, client] = duplexPair();
  const drained = drain(client, output);
  const connected = attachment.connect(engine, ended.signal).finally(() => engine.end());
  try {
    const { result } = await containers.wait(id, 'next-exit', ended.signal);
    result.catch(() => {});
    await containers.start(id, signal);
    const kill = (): void => void containers.kill(id, 'KILL', ended.signal).catch(() => {});
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    const { exitCode } = await result;
    signal.removeEventListener('abort', kill);
    await connected;
    await drained;
    if (signal.aborted) throw new EngineError('cancelled', 'Build cancelled');
    return exitCode;
  } finally {
    ended.abort();
    client.destroy();
    await Promise.allSettled([connected, drained]);
  }
}

async function drain(client: AsyncIterable<Buffer>, output: Parameters<ClassicContainers['run']>[1]): Promise<void> {
  const frames = new Demultiplexer(
    (bytes) => output('stdout', bytes),
    (bytes) => output('stderr', bytes),
  );
  try {
    for await (const chunk of client) frames.push(chunk);
  } catch {
    // The step has ended otherwise.
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof EngineError) || error.kind !== 'notFound') throw error;
}
