import type { HostConfig, Mount } from '../../../spec/index.ts';
import type { Project, Service, ServiceVolume } from '../../model/index.ts';
import { isMountedFile, mountedFiles } from './files.ts';
import type { NewContainer } from './new-container.ts';
import { withoutUndefined } from './sparse.ts';

interface Mounts {
  readonly binds: HostConfig['Binds'] | undefined;
  readonly mounts: readonly Mount[] | undefined;
  readonly tmpfs: Readonly<Record<string, string>> | undefined;
}

/**
 * The mounts of a container. What the short syntax can say goes to the engine as a bind (`SOURCE:TARGET:OPTIONS`), as with
 * Compose: such a bind makes missing folders of the host.
 */
export function mountsOf(project: Project, made: NewContainer): Mounts {
  const { service, inherited } = made;
  const binds: string[] = [];
  const mounts: Mount[] = [];
  const targets = new Set<string>();
  for (const volume of service.volumes ?? []) {
    targets.add(volume.target ?? '');
    const bind = bindOf(project, volume);
    if (bind !== undefined) binds.push(bind);
    else mounts.push(mountOf(project, volume, inherited));
  }
  for (const [target, name] of inherited ?? []) {
    if (!targets.has(target)) mounts.push({ Type: 'volume', Source: name, Target: target });
  }
  for (const file of mountedFiles(project, service)) if (isMountedFile(file)) mounts.push(file.mount);
  return {
    binds: binds.length === 0 ? undefined : binds,
    mounts: mounts.length === 0 ? undefined : mounts,
    tmpfs: tmpfsOf(service),
  };
}

/** The name of a volume of the project at the engine. */
export function volumeName(project: Project, key: string): string {
  return project.volumes.get(key)?.name ?? `${project.name}_${key}`;
}

/** Undefined for a mount that a bind cannot say. */
function bindOf(project: Project, volume: ServiceVolume): string | undefined {
  const { type, source, target = '', read_only, bind, volume: options } = volume;
  const access = read_only === true ? 'ro' : 'rw';
  if (type === 'bind') {
    if (bind !== undefined && (bind.create_host_path !== true || bind.propagation || bind.recursive)) return undefined;
    const flags = [access, bind?.selinux].filter((flag) => flag !== undefined && flag !== '');
    return `${source}:${target}:${flags.join(',')}`;
  }
  if (type !== 'volume' || source === undefined || source === '') return undefined;
  if (options?.subpath || options?.labels !== undefined || options?.nocopy === true) return undefined;
  return `${volumeName(project, source)}:${target}:${access}`;
}

function mountOf(project: Project, entry: ServiceVolume, inherited: NewContainer['inherited']): Mount {
  const { type = 'volume', source = '', target = '', read_only, consistency, bind, volume, tmpfs, image } = entry;
  const isNamed = type === 'volume' && source !== '';
  const isInherited = type === 'volume' && source === '' && inherited?.has(target) === true;
  const from = isNamed ? volumeName(project, source) : source === '' ? (inherited?.get(target) ?? '') : source;
  return withoutUndefined({
    Type: type as NonNullable<Mount['Type']>,
    Source: from === '' ? undefined : from,
    Target: target,
    ReadOnly: read_only,
    Consistency: consistency,
    BindOptions: type === 'bind' && bind !== undefined ? bindOptions(bind) : undefined,
    VolumeOptions:
      type === 'volume' && volume !== undefined && !isInherited
        ? withoutUndefined({
            NoCopy: volume.nocopy,
            Subpath: volume.subpath,
            Labels: volume.labels === undefined ? undefined : Object.fromEntries(volume.labels),
          })
        : undefined,
    TmpfsOptions:
      type === 'tmpfs' && tmpfs !== undefined
        ? withoutUndefined({ SizeBytes: tmpfs.size, Mode: tmpfs.mode })
        : undefined,
    ImageOptions: type === 'image' && image?.subpath !== undefined ? { Subpath: image.subpath } : undefined,
  });
}

function bindOptions(bind: NonNullable<ServiceVolume['bind']>) {
  return withoutUndefined({
    Propagation: bind.propagation,
    CreateMountpoint: bind.create_host_path === true ? true : undefined,
    NonRecursive: bind.recursive === 'disabled' ? true : undefined,
    ReadOnlyNonRecursive: bind.recursive === 'writable' ? true : undefined,
    ReadOnlyForceRecursive: bind.recursive === 'readonly' ? true : undefined,
  });
}

function tmpfsOf({ tmpfs }: Service): Readonly<Record<string, string>> | undefined {
  if (tmpfs === undefined || tmpfs.length === 0) return undefined;
  return Object.fromEntries(
    tmpfs.map((entry) => {
      const at = entry.indexOf(':');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
