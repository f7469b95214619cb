import { EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import { parseManifestDocument } from '../storage/manifest-document.ts';
import { manifestRecord, tagKey } from '../storage/records.ts';
import type { CacheDeps } from './cache-deps.ts';
import { upstreamRefusal } from './upstream-refusal.ts';

/** An upstream that could not be asked is not asked again for so long where there is something to answer with. */
const DOWN_MS = 10_000;
const ANSWER_MS_MAX = 60_000;

export interface ManifestCache {
  /** As `PullThroughCache.manifest`. */
  refresh(name: RepositoryName, reference: { readonly digest: Digest } | { readonly tag: string }): Promise<void>;
}

export function createManifestCache(deps: CacheDeps, closing: AbortSignal): ManifestCache {
  const { upstream, content, index, collector, counts, logger, now } = deps;
  const checkedAt = new Map<string, number>();
  const fetching = new Map<string, Promise<void>>();
  let downUntil = Number.NEGATIVE_INFINITY;
  const patience = (): AbortSignal => AbortSignal.any([closing, AbortSignal.timeout(ANSWER_MS_MAX)]);

  /** Whoever asks for the same meanwhile gets the same answer. */
  const once = (key: string, ask: () => Promise<void>): Promise<void> => {
    const running = fetching.get(key) ?? ask().finally(() => fetching.delete(key));
    fetching.set(key, running);
    return running;
  };

  const fetch = async (name: RepositoryName, reference: string, tag?: string): Promise<void> => {
    const { descriptor, bytes } = await upstream.manifest(name, reference, patience());
    const document = parseManifestDocument(bytes, descriptor.mediaType);
    const { digest } = descriptor;
    using _held = collector.hold(digest);
    if (content.put(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') !== digest) {
      throw new EngineError('invalid', `${upstream.name} sent another manifest than ${digest}`);
    }
    await content.sync([digest]);
    index.putManifest(manifestRecord(name, { digest, sizeBytes: bytes.length, document }), tag);
    deps.pulled.touch(name, digest);
    counts.misses += 1;
  };

  const hit = (name: RepositoryName, digest: Digest): void => {
    deps.pulled.touch(name, digest);
    counts.hits += 1;
  };
  const has = (name: RepositoryName, digest: Digest): boolean =>
    index.get(name)?.manifests.has(digest) === true && content.has(digest);

  const refreshTag = async (name: RepositoryName, tag: string, known: Digest | undefined): Promise<void> => {
    const key = tagKey(name, tag);
    try {
      const current = known === undefined ? undefined : await upstream.resolve(name, tag, patience());
      if (known !== undefined && current?.digest === known) hit(name, known);
      else await fetch(name, tag, tag);
      checkedAt.set(key, now());
    } catch (error) {
      checkedAt.delete(key);
      if (error instanceof EngineError && error.kind === 'notFound') return index.deleteTag(name, tag);
      const refusal = upstreamRefusal(upstream, error);
      if (known === undefined || refusal.code !== 'UNAVAILABLE') throw refusal;
      downUntil = now() + DOWN_MS;
      counts.stale += 1;
      logger.warn(
        { upstream: upstream.name, err: messageOf(error) },
        'the upstream does not answer: serving what is here',
      );
    }
  };

  return {
    async refresh(name, reference) {
      if ('digest' in reference) {
        const { digest } = reference;
        if (has(name, digest)) return hit(name, digest);
        return once(`${name}@${digest}`, () =>
          fetch(name, digest).catch((error: unknown) => {
            if (error instanceof EngineError && error.kind === 'notFound') return;
            throw upstreamRefusal(upstream, error);
          }),
        );
      }
      const tagged = index.get(name)?.tags.get(reference.tag);
      const known = tagged !== undefined && has(name, tagged) ? tagged : undefined;
      const age = now() - (checkedAt.get(tagKey(name, reference.tag)) ?? Number.NEGATIVE_INFINITY);
      if (known !== undefined && age < deps.ttlSeconds * 1000) return hit(name, known);
      if (known !== undefined && now() < downUntil) {
        counts.stale += 1;
        return;
      }
      return once(tagKey(name, reference.tag), () => refreshTag(name, reference.tag, known));
    },
  };
}
