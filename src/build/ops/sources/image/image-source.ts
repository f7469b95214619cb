import { createHash } from 'node:crypto';
import type { Digest } from '../../../../base/ids.ts';
import type { Credentials } from '../../../../distribution/index.ts';
import { canonicalString, type Platform, parseImageConfig, parseReference } from '../../../../spec/index.ts';
import type { BuildImage, PullProgress } from '../../../ports.ts';
import type { Op, StepContext } from '../../../solver/index.ts';
import type { LayeredTree, Tree, TreeLayer } from '../../../tree.ts';
import { askSessions } from '../ask-sessions.ts';
import type { Source, SourceDeps } from '../source.ts';

/**
 * The files of an image, by its reference. An image that is here is preferred, unless the attribute `image.resolvemode`
 * is `pull`. The key is that of the layers, whatever the image is called, so that nothing is pulled when the steps over
 * it are cached.
 */
export function imageSource({ name, attrs, platform }: Source, deps: SourceDeps): Op<Tree> {
  const { images, collector } = deps.ports;
  const wanted = platform === undefined ? undefined : toPlatform(platform);
  const mustPull = attrs.get('image.resolvemode') === 'pull';
  /** The reference with the digest that the name stood for when the key was made. */
  let pinned = name;
  return {
    async cacheKey(context) {
      const here = mustPull ? undefined : images.find(name, wanted);
      if (here !== undefined) return { digest: layersKey(here.diffIds), isLazy: true };
      const credentials = credentialsOf(deps, context);
      const { digest, config } = await images.resolve(name, wanted, { credentials }, context.signal);
      pinned = canonicalString({ ...parseReference(name), digest });
      return { digest: layersKey(diffIdsOf(config)), isLazy: true };
    },
    async run(_inputs, context) {
      const lease = collector.lease();
      context.keep(lease);
      const here = mustPull && pinned === name ? undefined : images.find(pinned, wanted);
      if (here !== undefined) {
        for (const { digest } of here.manifest.layers) lease.blob(digest);
        lease.chain(here.diffIds);
        return [treeOf(deps, here)];
      }
      const access = { credentials: credentialsOf(deps, context), progress: reporter(context) };
      const pulled = await images.pull(pinned, wanted, access, context.signal);
      context.keep(pulled);
      return [treeOf(deps, pulled)];
    },
  };
}

/** Sums layers. An image without layers has a key as well. */
export function layersKey(diffIds: readonly Digest[]): Digest {
  const hash = createHash('sha256')
    .update(['image', ...diffIds].join('\n'))
    .digest('hex');
  return `sha256:${hash}` as Digest;
}

export function diffIdsOf(config: Uint8Array): readonly Digest[] {
  return parseImageConfig(JSON.parse(Buffer.from(config).toString())).rootfs.diff_ids;
}

/** The tree of an image that is unpacked. */
export function treeOf(
  { ports }: Pick<SourceDeps, 'ports'>,
  { diffIds, manifest, config }: Pick<BuildImage, 'diffIds' | 'manifest' | 'config'>,
): LayeredTree {
  const keys = ports.snapshots.chain(diffIds);
  const { history = [] } = parseImageConfig(JSON.parse(Buffer.from(config).toString()));
  const steps = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const layers = keys.map((key, at): TreeLayer => {
    const [blob, diffId, step] = [manifest.layers[at], diffIds[at], steps[at]];
    return {
      key,
      description: step?.created_by ?? '',
      createdAt: Date.parse(step?.created ?? '') || 0,
      ...(blob === undefined ? {} : { blob }),
      ...(diffId === undefined ? {} : { diffId }),
    };
  });
  return { kind: 'layers', layers };
}

export function toPlatform({ OS, Architecture, Variant }: NonNullable<Source['platform']>): Platform {
  return { os: OS, architecture: Architecture, ...(Variant === '' ? {} : { variant: Variant }) };
}

/** Returns the credentials of a domain such as `docker.io`, from the first client that has some. */
export function credentialsOf(deps: SourceDeps, context: StepContext): (domain: string) => Promise<Credentials> {
  return async (domain) => {
    const found = await askSessions(deps, context, (session) => session.credentials(domain, context.signal));
    if (found === undefined || (found.username === '' && found.secret === '')) return { kind: 'anonymous' };
    const { username, secret } = found;
    if (username === '') return { kind: 'identityToken', username, token: secret };
    return { kind: 'password', username, password: secret };
  };
}

/** Shows layers on their way as parts of the step. */
function reporter(context: StepContext): (line: PullProgress) => void {
  const started = new Map<string, number>();
  return ({ id, status, current, total }) => {
    if (id === '') return;
    const from = started.get(id) ?? Date.now();
    started.set(id, from);
    const isDone = /^(?:Pull complete|Already exists)/.test(status);
    context.report({
      id,
      name: status,
      started: from,
      ...(current === undefined ? {} : { current }),
      ...(total === undefined ? {} : { total }),
      ...(isDone ? { completed: Date.now() } : {}),
    });
  };
}
