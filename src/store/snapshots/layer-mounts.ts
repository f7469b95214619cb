import { closeSync, constants, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { isSpaceError } from '../../io/index.ts';
import {
  bindMount,
  descriptorPath,
  detachMount,
  mountOverlay,
  mountOverlayByOptions,
  O_PATH,
  type OverlayMount,
  removeTree,
} from '../../linux/index.ts';
import type { LayerRecord } from './layer.ts';
import { isSoloKey } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import { visibleLayers } from './visible-layers.ts';

/**
 * `index` would forbid sharing a layer between mounts. Redirects and metacopies are not made, and not followed where an image
 * or a privileged container forged one: they let a layer name files of others.
 */
const OPTIONS = { index: 'off', metacopy: 'off', redirect_dir: 'nofollow' } as const;

const VOLATILE = { ...OPTIONS, volatile: null } as const;

export interface LayerMount {
  /** Bottom first, as the image has them: a layer may occur more than once. */
  readonly lower: readonly LayerRecord[];
  /** Absent: read-only. */
  readonly upper?: string;
  readonly work?: string;
  readonly target: string;
  /** What is written need not reach the disk. */
  readonly isVolatile?: boolean;
}

/** Mounts layers over one another by whichever interface of the kernel takes them. */
export interface LayerMounts {
  mount(request: LayerMount): void;
  /** Whether overlay mounts work on the data root's file system: tried, as nothing else tells. */
  work(): boolean;
}

/** `api` is for tests: `page` is the one of kernels before 6.5. */
export function layerMounts(paths: SnapshotPaths, api: 'any' | 'page' = 'any'): LayerMounts {
  let usesPage = api === 'page';

  const mountPaths = (byPath: () => OverlayMount, byLink: () => OverlayMount): void => {
    if (usesPage) {
      mountOverlayByOptions(byLink());
      return;
    }
    try {
      mountOverlay(byPath());
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOSYS') throw error;
      mountOverlayByOptions(byLink());
      usesPage = true;
    }
  };

  const tryMount = (request: OverlayMount): boolean => {
    try {
      mountPaths(
        () => request,
        () => request,
      );
      detachMount(request.target);
      return true;
    } catch {
      return false;
    }
  };

  return {
    mount({ lower, isVolatile = false, ...rest }) {
      const request = { ...rest, options: isVolatile ? VOLATILE : OPTIONS };
      const topFirst = visibleLayers(lower).toReversed();
      // An image without layers still needs something below, and the kernel takes no lone layer that nothing is written over.
      const filler = topFirst.length === 0 || (topFirst.length === 1 && rest.upper === undefined) ? [paths.empty] : [];
      if (filler.length > 0) mkdirSync(paths.empty, { recursive: true });
      if (topFirst.length === 0 && rest.upper === undefined) {
        bindMount(paths.empty, rest.target, { recursive: false });
        return;
      }
      // Options end at one page: `l/` reached by its descriptor makes a layer some 20 bytes long.
      const links = openSync(paths.links, O_PATH | constants.O_DIRECTORY);
      try {
        mountPaths(
          () => ({ ...request, lower: [...topFirst.map(({ key }) => paths.layerFs(key)), ...filler] }),
          () => ({ ...request, lower: [...topFirst.map(({ link }) => `${descriptorPath(links)}/${link}`), ...filler] }),
        );
      } finally {
        closeSync(links);
      }
    },
    work() {
      const folder = join(paths.fresh, 'probe');
      const at = (name: string): string => join(folder, name);
      const request: OverlayMount = {
        lower: [at('a'), at('b')],
        upper: at('upper'),
        work: at('work'),
        target: at('target'),
        options: OPTIONS,
      };
      try {
        for (const name of ['a', 'b', 'upper', 'work', 'target']) mkdirSync(at(name), { recursive: true });
        return tryMount(request);
      } catch (error) {
        if (!isSpaceError(error)) throw error;
        // On a full disk nothing new can be tried: what is there tells, and the mount of what is there.
        const kinds = readdirSync(paths.layers);
        const isOverlays = kinds.length === 0 || kinds.some(isSoloKey);
        return isOverlays && tryMount({ lower: [paths.layers, paths.links], target: paths.fresh, options: OPTIONS });
      } finally {
        removeTree(folder);
      }
    },
  };
}
