import type { Action } from '../auth/caller.ts';
import type { Needs } from '../auth/needs.ts';
import { RegistryError } from '../errors.ts';
import type { Answer, Call } from '../http/call.ts';
import { parseBlobDigest, parseManifestReference, parseRepository, type RepositoryName } from '../names.ts';
import type { Registry } from '../registry.ts';
import { deleteBlob, getBlob } from './blobs.ts';
import type { Handler } from './handler.ts';
import { listCatalog, listTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import { startUpload } from './start-upload.ts';
import { cancelUpload, getUpload, patchUpload, putUpload } from './uploads.ts';

/** A matched request, before its rights are checked. */
export interface Matched {
  /** The route's name, for metrics. One of a small fixed set. */
  readonly route: string;
  /** The required rights: `list` for the catalogue, none for the version check. */
  readonly needs?: Needs;
  readonly handle: (registry: Registry, call: Call) => Promise<Answer> | Answer;
}

type Methods<Params> = Readonly<Record<string, readonly [Action, Handler<Params>]>>;

const UPLOADS: Methods<{ repository: RepositoryName }> = { POST: ['push', startUpload] };
const UPLOAD: Methods<{ repository: RepositoryName; id: string }> = {
  GET: ['push', getUpload],
  HEAD: ['push', getUpload],
  PATCH: ['push', patchUpload],
  PUT: ['push', putUpload],
  DELETE: ['push', cancelUpload],
};
const BLOB: Methods<Parameters<typeof getBlob>[1]> = {
  GET: ['pull', getBlob],
  HEAD: ['pull', getBlob],
  DELETE: ['delete', deleteBlob],
};
const MANIFEST: Methods<Parameters<typeof getManifest>[1]> = {
  GET: ['pull', getManifest],
  HEAD: ['pull', getManifest],
  PUT: ['push', putManifest],
  DELETE: ['delete', deleteManifest],
};
const TAGS: Methods<{ repository: RepositoryName }> = { GET: ['pull', listTags], HEAD: ['pull', listTags] };
const REFERRERS: Methods<Parameters<typeof listReferrers>[1]> = {
  GET: ['pull', listReferrers],
  HEAD: ['pull', listReferrers],
};

/**
 * Matches a path to a route. Names contain slashes, so paths are read from their end. Nothing is normalised: `..` is an
 * invalid name.
 * @throws RegistryError NOT_FOUND, UNSUPPORTED, and the errors of the parsers in `names.ts`
 */
export function matchRoute(method: string, path: string): Matched {
  if (path === '/v2/' || path === '/v2') {
    if (method !== 'GET' && method !== 'HEAD') throw unsupported(method, 'GET, HEAD');
    return { route: 'base', handle: () => ({ status: 200, headers: JSON_TYPE, body: '{}' }) };
  }
  if (path === '/v2/_catalog') {
    if (method !== 'GET' && method !== 'HEAD') throw unsupported(method, 'GET, HEAD');
    return { route: 'catalog', needs: { list: true }, handle: (registry, call) => listCatalog(registry, {}, call) };
  }
  const parts = path.startsWith('/v2/') ? decode(path.slice(4)).split('/') : [];
  const [before = '', last = ''] = [parts.at(-2), parts.at(-1)];
  const name = (drop: number): RepositoryName => parseRepository(parts.slice(0, -drop).join('/'));
  if (parts.length >= 4 && parts.at(-3) === 'blobs' && before === 'uploads') {
    const repository = name(3);
    return last === ''
      ? pick('uploads', UPLOADS, method, { repository })
      : pick('upload', UPLOAD, method, { repository, id: last });
  }
  if (parts.length < 3) throw new RegistryError('NOT_FOUND', 'no such page');
  // Some clients omit the trailing slash.
  if (before === 'blobs' && last === 'uploads') return pick('uploads', UPLOADS, method, { repository: name(2) });
  switch (before) {
    case 'blobs':
      return pick('blob', BLOB, method, { repository: name(2), digest: parseBlobDigest(last) });
    case 'manifests':
      return pick('manifest', MANIFEST, method, { repository: name(2), reference: parseManifestReference(last) });
    case 'referrers':
      return pick('referrers', REFERRERS, method, { repository: name(2), digest: parseBlobDigest(last) });
    case 'tags':
      if (last === 'list') return pick('tags', TAGS, method, { repository: name(2) });
  }
  throw new RegistryError('NOT_FOUND', 'no such page');
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

function pick<Params extends { readonly repository: RepositoryName }>(
  route: string,
  methods: Methods<Params>,
  method: string,
  params: Params,
): Matched {
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (found === undefined) throw unsupported(method, Object.keys(methods).join(', '));
  const [action, handle] = found;
  // A push first looks for existing content, so it includes the right to pull.
  const actions: readonly Action[] = action === 'push' ? ['pull', 'push'] : [action];
  return {
    route,
    needs: { repository: params.repository, actions },
    handle(registry, call) {
      if (action === 'push' && registry.cache !== undefined) {
        throw new RegistryError('UNSUPPORTED', `this is a cache of ${registry.cache.upstream}: it takes no pushes`);
      }
      return handle(registry, params, call);
    },
  };
}

function unsupported(method: string, allow: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `the operation is unsupported: ${method.slice(0, 20)}`, {
    headers: { Allow: allow },
  });
}

/** Some clients percent-encode the colons of digests. */
function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw new RegistryError('NAME_INVALID', 'the path is not properly encoded', { cause: error });
  }
}
