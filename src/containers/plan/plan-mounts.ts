import { EngineError, invalid } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, Mount } from '../../spec/index.ts';
import type { CreateVolume } from '../../volumes/index.ts';
import type { PlannedMount } from '../model/planner.ts';
import type { MountedImage, MountRecord } from '../model/record.ts';
import { cleanPath, parseBind, parseVolumesFrom } from './bind-spec.ts';
import { checkMount } from './check-mount.ts';

export interface MountsRequest {
  /** The request's config merged over the image's. The image's volumes become anonymous volumes. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Returns the mounts of another container. @throws EngineError notFound */
  mountsOf(container: string): readonly MountRecord[];
  /** Returns the image that a mount names. @throws EngineError notFound */
  imageOf(ref: string): MountedImage;
  /**
   * The engine's data folder. Binds of it or of its parent folders get slave propagation, so that the engine's own
   * mounts do not stay mounted in a container.
   */
  readonly dataRoot: string;
  /** Whether mounts below a read-only bind stay writable by default. */
  readonly writableSubmounts: boolean;
}

const ANONYMOUS_LABEL = { 'com.docker.volume.anonymous': '' };

/**
 * Plans every mount of a container and the volumes to create for them. The request's own mounts (`Binds`, `Mounts`,
 * `Tmpfs`) replace those of `VolumesFrom` at the same target. The image's volumes and `-v /path` volumes fill only
 * targets that are still free. @throws EngineError invalid with dockerd's texts; `Duplicate mount point: /x` for two of
 * the request's own mounts
 */
export function planMounts(request: MountsRequest): readonly PlannedMount[] {
  const { config, hostConfig } = request;
  const plan = new Map<string, PlannedMount>();
  for (const spec of hostConfig.VolumesFrom ?? []) {
    for (const planned of inherited(spec, request)) plan.set(planned.mount.Destination, planned);
  }
  const requested = new Set<string>();
  const claim = (target: string, shown = target): void => {
    if (requested.has(target)) throw invalid(`Duplicate mount point: ${shown}`);
    requested.add(target);
  };
  for (const spec of hostConfig.Binds ?? []) {
    const { mount, mode } = parseBind(spec);
    claim(mount.Target);
    // dockerd shows `z` as the mode of a volume without options.
    const planned = planMount(mount, mode === '' && mount.Type === 'volume' ? 'z' : mode, request);
    const makesSource = mount.Type === 'bind' ? { makesSource: true } : {};
    plan.set(mount.Target, { ...planned, mount: { ...planned.mount, ...makesSource } });
  }
  for (const mount of hostConfig.Mounts ?? []) {
    checkMount(mount);
    const target = cleanPath(mount.Target ?? '');
    claim(target, mount.Target);
    const planned = planMount({ ...mount, Target: target }, mount.Type === 'volume' ? 'z' : '', request);
    const keptWhenInherited = planned.mount.anonymous ? { keptWhenInherited: true } : {};
    plan.set(target, { ...planned, mount: { ...planned.mount, ...keptWhenInherited } });
  }
  for (const [path, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
    const target = cleanPath(path);
    claim(target, path);
    plan.set(target, { mount: tmpfs(target, options === '' ? [] : options.split(','), false) });
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const target = cleanPath(path);
    if (!plan.has(target)) plan.set(target, planMount({ Type: 'volume', Target: target }, '', request));
  }
  return [...plan.values()];
}

function planMount(mount: Mount, mode: string, request: MountsRequest): PlannedMount {
  const target = mount.Target ?? '';
  if (mount.Type === 'tmpfs') return { mount: tmpfs(target, tmpfsOptions(mount), mount.ReadOnly === true) };
  if (mount.Type === 'image') return planImage(mount, request);
  return mount.Type === 'bind' ? planBind(mount, mode, request) : planVolume(mount, mode, request);
}

/** Plans an image mount. It is read-only whatever the request says. */
function planImage({ Source = '', Target = '', ImageOptions: options }: Mount, request: MountsRequest): PlannedMount {
  return {
    mount: {
      Type: 'image',
      Name: Source,
      Source: '',
      Destination: Target,
      Mode: '',
      RW: false,
      Propagation: 'rprivate',
      copyUp: false,
      anonymous: false,
      image: found(() => request.imageOf(Source)),
      ...(options?.Subpath === undefined || options.Subpath === '' ? {} : { subpath: options.Subpath }),
    },
  };
}

function planBind(mount: Mount, mode: string, { dataRoot, writableSubmounts }: MountsRequest): PlannedMount {
  const { Source = '', Target = '', BindOptions: options = {} } = mount;
  const source = cleanPath(Source);
  const wanted = options.Propagation ?? '';
  const nearDataRoot = holds(source, dataRoot) || holds(dataRoot, source);
  if (nearDataRoot && !['', 'rslave', 'rshared'].includes(wanted)) {
    throw invalid(
      'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the ' +
        `daemon root, daemon root: ${JSON.stringify(dataRoot)}, bind mount source: ${JSON.stringify(source)}, propagation: ${JSON.stringify(wanted)}`,
    );
  }
  const isTopOnly = options.ReadOnlyNonRecursive === true || (writableSubmounts && mount.ReadOnly === true);
  const below = [...(isTopOnly ? ['ro'] : []), ...(options.ReadOnlyForceRecursive === true ? ['rro'] : [])];
  return {
    mount: {
      Type: 'bind',
      Source: source,
      Destination: Target,
      Mode: mode,
      RW: mount.ReadOnly !== true,
      Propagation: wanted === '' ? (nearDataRoot ? 'rslave' : 'rprivate') : wanted,
      copyUp: false,
      anonymous: false,
      ...(below.length === 0 ? {} : { options: below }),
      ...(options.NonRecursive === true ? { nonRecursive: true } : {}),
      ...(options.CreateMountpoint === true ? { makesSource: true } : {}),
    },
  };
}

function holds(folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function planVolume(mount: Mount, shownMode: string, { hostConfig }: MountsRequest): PlannedMount {
  const { Source: name = '', Target = '', VolumeOptions: options = {} } = mount;
  const anonymous = name === '';
  const driver = options.DriverConfig?.Name || hostConfig.VolumeDriver || '';
  const { Labels: asked, DriverConfig: { Options: driverOpts } = {} } = options;
  const labels = anonymous ? { ...ANONYMOUS_LABEL, ...asked } : asked;
  const volume: CreateVolume = {
    name,
    ...(driver === '' ? {} : { driver }),
    ...(driverOpts === undefined ? {} : { driverOpts }),
    ...(labels === undefined ? {} : { labels }),
  };
  return {
    mount: {
      Type: 'volume',
      Name: name,
      Source: '',
      Destination: Target,
      Driver: driver || 'local',
      Mode: shownMode,
      RW: mount.ReadOnly !== true,
      Propagation: '',
      copyUp: options.NoCopy !== true,
      anonymous,
      ...(options.Subpath === undefined || options.Subpath === '' ? {} : { subpath: options.Subpath }),
    },
    volume,
  };
}

function tmpfs(target: string, options: readonly string[], readOnly: boolean): MountRecord {
  return {
    Type: 'tmpfs',
    Source: '',
    Destination: target,
    Mode: '',
    RW: !readOnly,
    Propagation: '',
    copyUp: false,
    anonymous: false,
    ...(options.length === 0 ? {} : { options }),
  };
}

const UNITS = [
  ['g', 1 << 30],
  ['m', 1 << 20],
  ['k', 1 << 10],
] as const;

/**
 * Returns the mount(8) options of `--mount type=tmpfs`. As in dockerd, the size has the largest unit that divides it.
 */
function tmpfsOptions({
  TmpfsOptions: { Mode: mode, SizeBytes: size = 0, Options: extra = [] } = {},
}: Mount): string[] {
  const options: string[] = [];
  if (mode !== undefined && mode !== 0) options.push(`mode=${mode.toString(8)}`);
  if (size !== 0) {
    const unit = UNITS.find(([, bytes]) => size % bytes === 0);
    options.push(unit === undefined ? `size=${size}` : `size=${size / unit[1]}${unit[0]}`);
  }
  for (const pair of extra) options.push(pair.join('='));
  return options;
}

/**
 * Plans a mount of `VolumesFrom`. It uses the other container's volume and creates none. A path or file system is
 * mounted with the other container's options.
 */
function inherited(spec: string, request: MountsRequest): readonly PlannedMount[] {
  const { container, readOnly } = parseVolumesFrom(spec);
  return found(() => request.mountsOf(container)).map((mount) => {
    const taken: MountRecord = { ...mount, RW: mount.RW && !readOnly, copyUp: false };
    if (mount.Type !== 'volume' || mount.Name === undefined) return { mount: taken };
    return {
      mount: { ...taken, anonymous: mount.anonymous && mount.keptWhenInherited !== true, inherited: true },
      volume: { name: mount.Name, driver: mount.Driver ?? 'local' },
    };
  });
}

/** Turns `notFound` into `invalid`: clients take a `notFound` of a create for the container's image, and pull that. */
function found<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw error instanceof EngineError && error.kind === 'notFound' ? invalid(error.message, error) : error;
  }
}
