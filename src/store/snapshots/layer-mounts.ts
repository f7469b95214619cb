import { closeSync, constants, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, invalid } from '../../base/errors.ts';
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
 * `index` would forbid sharing a layer between mounts. Redirects and metacopies let a layer name files of other layers:
 * they are not made, and not followed where an image or a privileged container forged one.
 */
const OPTIONS = { index: 'off', metacopy: 'off', redirect_dir: 'nofollow' } as const;

/** The kernel's limit, OVL_MAX_STACK of fs/overlayfs/params.h. */
const LAYERS_MAX = 500;

const VOLATILE = { ...OPTIONS, volatile: null } as const;

export interface LayerMount {
  /** Bottom first, as in the image. A layer may occur more than once. */
  readonly lower: readonly LayerRecord[];
  /** Absent for a read-only mount. */
  readonly upper?: string;
  readonly work?: string;
  readonly target: string;
  /** Whether written data need not reach the disk. */
  readonly isVolatile?: boolean;
}

/** Mounts layers over one another, by the kernel interface that supports it. */
export interface LayerMounts {
  /** @throws EngineError invalid for more layers than the kernel mounts; errors of the system */
  mount(request: LayerMount): void;
  /** Whether overlay mounts work on the data root's file system. Only a trial mount shows it. */
  work(): boolean;
}

/** `api` is for tests: `page` is the interface of kernels before 6.5. */
export function layerMounts(paths: SnapshotPaths, api: 'any' | 'page' = 'any'): LayerMounts {
  const mountPaths = pathMounter(api);
  return {
    mount: (request) => mountLayers(paths, mountPaths, request),
    work: () => overlayWorks(paths, mountPaths),
  };
}

/** Mounts with whole paths where the kernel takes them, else with short ones. */
type MountPaths = (byPath: () => OverlayMount, byLink: () => OverlayMount) => void;

function pathMounter(api: 'any' | 'page'): MountPaths {
  let usesPage = api === 'page';
  return (byPath, byLink) => {
    if (usesPage) {
      mountOverlayByOptions(byLink());
      return;
    }
    try {
      mountOverlay(byPath());
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOSYS') throw error;
      mountOverlayByOptions(byLink());
      // Only now: another fault than a missing interface fails by both.
      usesPage = true;
    }
  };
}

function mountLayers(
  paths: SnapshotPaths,
  mountPaths: MountPaths,
  { lower, isVolatile = false, ...rest }: LayerMount,
): void {
  const request = { ...rest, options: isVolatile ? VOLATILE : OPTIONS };
  const topFirst = visibleLayers(lower).toReversed();
  if (topFirst.length > LAYERS_MAX) {
    const advice = 'build the image with fewer steps, or join them by COPY --from into a new stage';
    throw invalid(`max depth exceeded: ${topFirst.length} layers, the kernel mounts at most ${LAYERS_MAX}: ${advice}`);
  }
  // An image without layers still needs a lower folder. The kernel accepts no single lower folder without an upper one.
  const filler = topFirst.length === 0 || (topFirst.length === 1 && rest.upper === undefined) ? [paths.empty] : [];
  if (filler.length > 0) mkdirSync(paths.empty, { recursive: true });
  if (topFirst.length === 0 && rest.upper === undefined) {
    bindMount(paths.empty, rest.target, { recursive: false });
    return;
  }
  // Mount options end at one page. Paths relative to the open folder `l/` take some 20 bytes per layer.
  const links = openSync(paths.links, O_PATH | constants.O_DIRECTORY);
  try {
    mountPaths(
      () => ({ ...request, lower: [...topFirst.map(paths.layerFs), ...filler] }),
      () => ({ ...request, lower: [...topFirst.map(({ link }) => `${descriptorPath(links)}/${link}`), ...filler] }),
    );
  } finally {
    closeSync(links);
  }
}

function overlayWorks(paths: SnapshotPaths, mountPaths: MountPaths): boolean {
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
    return tryMount(mountPaths, request);
  } catch (error) {
    if (!isSpaceError(error)) throw error;
    // On a full disk a new trial is impossible: the existing layers, and a mount of them, show whether overlay works.
    const kinds = readdirSync(paths.layers);
    const isOverlays = kinds.length === 0 || kinds.some(isSoloKey);
    const layers = { lower: [paths.layers, paths.links], target: paths.fresh, options: OPTIONS };
    return isOverlays && tryMount(mountPaths, layers);
  } finally {
    removeTree(folder);
  }
}

function tryMount(mountPaths: MountPaths, request: OverlayMount): boolean {
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
}
