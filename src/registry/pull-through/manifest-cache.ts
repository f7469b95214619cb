import { EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import { parseManifestDocument } from '../storage/manifest-document.ts';
import { manifestRecord, tagKey } from '../storage/records.ts';
import type { CacheDeps } from './cache-deps.ts';
import { upstreamError } from './upstream-error.ts';

/** After a failure the upstream is not asked again for this long, where the cache has content. */
const UPSTREAM_RETRY_MS = 10_000;
const ANSWER_MS_MAX = 60_000;

export interface ManifestCache {
  /** As `PullThroughCache.manifest`. */
  refresh(name: RepositoryName, reference: { readonly digest: Digest } | { readonly tag: string }): Promise<void>;
}

export function createManifestCache(deps: CacheDeps, closing: AbortSignal): ManifestCache {
  return new FetchedManifests(deps, closing);
}

class FetchedManifests implements ManifestCache {
  readonly #deps: CacheDeps;
  readonly #closing: AbortSignal;
  readonly #checkedAt = new Map<string, number>();
  readonly #fetching = new Map<string, Promise<void>>();
  #downUntil = Number.NEGATIVE_INFINITY;

  constructor(deps: CacheDeps, closing: AbortSignal) {
    this.#deps = deps;
    this.#closing = closing;
  }

  async refresh(
    name: RepositoryName,
    reference: { readonly digest: Digest } | { readonly tag: string },
  ): Promise<void> {
    return 'digest' in reference ? this.#byDigest(name, reference.digest) : this.#byTag(name, reference.tag);
  }

  #byDigest(name: RepositoryName, digest: Digest): Promise<void> | void {
    if (this.#has(name, digest)) return this.#hit(name, digest);
    return this.#once(`${name}@${digest}`, () =>
      this.#fetch(name, digest).catch((error: unknown) => {
        if (error instanceof EngineError && error.kind === 'notFound') return;
        throw upstreamError(this.#deps.upstream, error);
      }),
    );
  }

  #byTag(name: RepositoryName, tag: string): Promise<void> | void {
    const { index, now, ttlSeconds, counts } = this.#deps;
    const tagged = index.get(name)?.tags.get(tag);
    const known = tagged !== undefined && this.#has(name, tagged) ? tagged : undefined;
    const age = now() - (this.#checkedAt.get(tagKey(name, tag)) ?? Number.NEGATIVE_INFINITY);
    if (known !== undefined && age < ttlSeconds * 1000) return this.#hit(name, known);
    if (known !== undefined && now() < this.#downUntil) {
      counts.stale += 1;
      return;
    }
    return this.#once(tagKey(name, tag), () => this.#refreshTag(name, tag, known));
  }

  /** Callers that ask for the same meanwhile share the result. */
  #once(key: string, ask: () => Promise<void>): Promise<void> {
    const running = this.#fetching.get(key) ?? ask().finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, running);
    return running;
  }

  async #fetch(name: RepositoryName, reference: string, tag?: string): Promise<void> {
    const { upstream, content, index, collector, counts, pulled } = this.#deps;
    const { descriptor, bytes } = await upstream.manifest(name, reference, this.#patience());
    const document = parseManifestDocument(bytes, descriptor.mediaType);
    const { digest } = descriptor;
    using _held = collector.hold(digest);
    if (content.put(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') !== digest) {
      throw new EngineError('invalid', `${upstream.name} sent another manifest than ${digest}`);
    }
    await content.sync([digest]);
    index.putManifest(manifestRecord(name, { digest, sizeBytes: bytes.length, document }), tag);
    pulled.touch(name, digest);
    counts.misses += 1;
  }

  async #refreshTag(name: RepositoryName, tag: string, known: Digest | undefined): Promise<void> {
    const { upstream, now } = this.#deps;
    const key = tagKey(name, tag);
    try {
      const current = known === undefined ? undefined : await upstream.resolve(name, tag, this.#patience());
      if (known !== undefined && current?.digest === known) this.#hit(name, known);
      else await this.#fetch(name, tag, tag);
      this.#checkedAt.set(key, now());
    } catch (error) {
      this.#checkedAt.delete(key);
      if (error instanceof EngineError && error.kind === 'notFound') return this.#deps.index.deleteTag(name, tag);
      const refusal = upstreamError(upstream, error);
      if (known === undefined || refusal.code !== 'UNAVAILABLE') throw refusal;
      this.#serveStale(error);
    }
  }

  #serveStale(error: unknown): void {
    const { upstream, counts, logger, now } = this.#deps;
    this.#downUntil = now() + UPSTREAM_RETRY_MS;
    counts.stale += 1;
    const context = { upstream: upstream.name, err: messageOf(error) };
    logger.warn(context, 'the upstream does not answer: serving cached content');
  }

  #hit(name: RepositoryName, digest: Digest): void {
    this.#deps.pulled.touch(name, digest);
    this.#deps.counts.hits += 1;
  }

  #has(name: RepositoryName, digest: Digest): boolean {
    return this.#deps.index.get(name)?.manifests.has(digest) === true && this.#deps.content.has(digest);
  }

  #patience(): AbortSignal {
    return AbortSignal.any([this.#closing, AbortSignal.timeout(ANSWER_MS_MAX)]);
  }
}
