import { cacheSharingOpt, type ExecOp, type Mount, mountContentCache, mountType } from '../../../grpc/messages/pb.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { CacheKey } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import { definitionDigest, selectionSum } from '../content-key.ts';
import type { RootPorts } from '../tree-root.ts';

/**
 * What the result of an exec op depends on. Addresses of added hosts, proxies, and names of cache mounts that users have
 * chosen do not count, as in BuildKit; neither does what a mount does not show of an input that the step cannot change.
 */
export function execKey({ op, inputs }: LlbNode, exec: ExecOp, ports: RootPorts): CacheKey<Tree> {
  const mountsOf = inputs.map((_, index) => exec.mounts.filter(({ input }) => input === index));
  const isSummed = mountsOf.map((mounts) => mounts.length > 0 && mounts.every(readsContent));
  const { meta, mounts, network, security, secretenv, cdiDevices } = exec;
  const counted = {
    meta: { ...meta, proxy_env: undefined, extraHosts: meta?.extraHosts.map(({ Host }) => Host) },
    mounts: mounts.map((mount) => countedMount(mount, isSummed[mount.input] === true)),
    ...{ network, security, secretenv, cdiDevices, platform: op.platform },
  };
  return {
    digest: definitionDigest('exec', counted),
    sums: mountsOf.map((of, index) =>
      isSummed[index] === true
        ? selectionSum(
            ports,
            of.map(({ selector }) => ({ path: selector || '/', followsLink: true })),
          )
        : undefined,
    ),
  };
}

/** Whether a step only reads the mount's content, or what it writes is thrown away. */
function readsContent({ mountType: type, dest, readonly, output, contentCache }: Mount): boolean {
  if (contentCache === mountContentCache.ON) return true;
  if (contentCache === mountContentCache.OFF || type === mountType.CACHE) return false;
  return output < 0 || (readonly && dest !== '/');
}

function countedMount(mount: Mount, isSummed: boolean): unknown {
  const { cacheOpt, resultID: _result, ...counted } = mount;
  const selected = isSummed ? { ...counted, selector: '' } : counted;
  if (cacheOpt === undefined) return selected;
  const { ID: id, sharing } = cacheOpt;
  const isDefault = sharing === cacheSharingOpt.SHARED && (id === mount.dest || id.endsWith(`/${mount.dest}`));
  return { ...selected, cacheOpt: isDefault ? cacheOpt : {} };
}
