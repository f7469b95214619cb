import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import { compareVersions } from '../../base/versions.ts';
import type { CreateContainerBody, HostConfig, Mount } from '../../spec/index.ts';

interface Rule {
  /** The version that ended the rule. */
  readonly before: string;
  readonly apply: (body: CreateContainerBody) => CreateContainerBody;
}

/** The meaning of a request to create a container before a version, oldest first (moby, postContainersCreate). */
const RULES: readonly Rule[] = [
  // The client removed the container itself.
  { before: '1.25', apply: (body) => withoutHostField(body, 'AutoRemove') },
  { before: '1.40', apply: (body) => withMounts(body, (mount) => withoutBindOption(mount, 'NonRecursive')) },
  // Other containers could always join the IPC namespace.
  {
    before: '1.40',
    apply: (body) => ((body.HostConfig?.IpcMode ?? '') === '' ? withHost(body, { IpcMode: 'shareable' }) : body),
  },
  { before: '1.42', apply: (body) => withMounts(body, (mount) => withoutBindOption(mount, 'CreateMountpoint')) },
  { before: '1.42', apply: (body) => withMounts(body, withoutForeignTmpfsOptions) },
  { before: '1.42', apply: checkForeignOptions },
  { before: '1.42', apply: (body) => withoutHostField(body, 'ConsoleSize') },
  { before: '1.43', apply: (body) => withoutHostField(body, 'Annotations') },
  { before: '1.44', apply: withoutStartInterval },
  { before: '1.44', apply: checkForcedReadOnly },
  { before: '1.44', apply: checkOneEndpoint },
  { before: '1.45', apply: checkSubpaths },
];

const FOREIGN_OPTIONS: Readonly<Record<string, readonly ('BindOptions' | 'VolumeOptions')[]>> = {
  bind: ['VolumeOptions'],
  volume: ['BindOptions'],
  tmpfs: ['BindOptions', 'VolumeOptions'],
};

/** @throws EngineError invalid, with dockerd's texts, for fields that must not be ignored for an older client */
export function olderCreate(version: string, given: CreateContainerBody): CreateContainerBody {
  let body = given;
  for (const { before, apply } of RULES) {
    if (compareVersions(version, before) < 0) body = apply(body);
  }
  return body;
}

/** Before 1.44 only the topmost mount of a read-only bind was read-only. */
export function hasWritableSubmounts(version: string): boolean {
  return compareVersions(version, '1.44') < 0;
}

function withHost(body: CreateContainerBody, change: Partial<HostConfig>): CreateContainerBody {
  return { ...body, HostConfig: { ...body.HostConfig, ...change } };
}

function withMounts(body: CreateContainerBody, change: (mount: Mount) => Mount): CreateContainerBody {
  const { Mounts } = body.HostConfig ?? {};
  return Mounts == null ? body : withHost(body, { Mounts: Mounts.map(change) });
}

function withoutBindOption(mount: Mount, name: 'NonRecursive' | 'CreateMountpoint'): Mount {
  if (mount.BindOptions === undefined) return mount;
  const { [name]: _ignored, ...BindOptions } = mount.BindOptions;
  return { ...mount, BindOptions };
}

function withoutForeignTmpfsOptions({ TmpfsOptions, ...mount }: Mount): Mount {
  return mount.Type === 'tmpfs' && TmpfsOptions !== undefined ? { ...mount, TmpfsOptions } : mount;
}

/** Options of another type were refused in other words. */
function checkForeignOptions(body: CreateContainerBody): CreateContainerBody {
  for (const mount of body.HostConfig?.Mounts ?? []) {
    for (const option of ownValue(FOREIGN_OPTIONS, mount.Type ?? '') ?? []) {
      if (mount[option] == null) continue;
      throw invalid(`invalid mount config for type "${mount.Type}": field ${option} must not be specified`);
    }
  }
  return body;
}

function withoutHostField(
  body: CreateContainerBody,
  name: 'AutoRemove' | 'ConsoleSize' | 'Annotations',
): CreateContainerBody {
  if (body.HostConfig?.[name] === undefined) return body;
  const { [name]: _ignored, ...HostConfig } = body.HostConfig;
  return { ...body, HostConfig };
}

function withoutStartInterval(body: CreateContainerBody): CreateContainerBody {
  if (body.Healthcheck?.StartInterval === undefined) return body;
  const { StartInterval: _ignored, ...Healthcheck } = body.Healthcheck;
  return { ...body, Healthcheck };
}

function checkForcedReadOnly(body: CreateContainerBody): CreateContainerBody {
  if (body.HostConfig?.Mounts?.some(({ BindOptions }) => BindOptions?.ReadOnlyForceRecursive === true)) {
    throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
  }
  return body;
}

function checkOneEndpoint(body: CreateContainerBody): CreateContainerBody {
  const names = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (names.length > 1) {
    throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`);
  }
  return body;
}

function checkSubpaths(body: CreateContainerBody): CreateContainerBody {
  if (body.HostConfig?.Mounts?.some(({ VolumeOptions }) => (VolumeOptions?.Subpath ?? '') !== '')) {
    throw invalid('VolumeOptions.Subpath needs API v1.45 or newer');
  }
  return body;
}
