import { conflict, EngineError } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { VolumeInspect } from '../../volumes/index.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';

const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

export interface FakeVolume {
  readonly users: Set<string>;
  readonly mountedBy: Set<string>;
  readonly anonymous: boolean;
  filled: boolean;
}

/** Volumes on disk, by name. They outlive a daemon. */
export type FakeVolumeDisk = Map<string, FakeVolume>;

/** The volumes of one daemon's life. */
export function fakeVolumes(disk: FakeVolumeDisk, steps: DaemonSteps): World['volumes'] {
  const get = (name: string): FakeVolume => {
    const volume = disk.get(name);
    if (volume === undefined) throw new EngineError('notFound', `get ${name}: no such volume`);
    return volume;
  };
  return {
    create: ({ name, labels }) =>
      steps.run('volume create', () => {
        const anonymous = name === '' || labels?.[ANONYMOUS_LABEL] !== undefined;
        const made = name === '' ? newObjectId() : name;
        if (!disk.has(made)) disk.set(made, { users: new Set(), mountedBy: new Set(), filled: false, anonymous });
        return inspect(made, get(made));
      }),
    remove: (name, { force }) =>
      steps.run('volume remove', () => {
        if (force && !disk.has(name)) return;
        if (get(name).users.size > 0) throw conflict(`remove ${name}: volume is in use`);
        disk.delete(name);
      }),
    reference: (name, id) => void disk.get(name)?.users.add(id),
    release: (name, id) => steps.runSync('volume release', () => void disk.get(name)?.users.delete(id)),
    mountPath: (name, id) =>
      steps.run('volume mount', () => {
        const volume = get(name);
        volume.mountedBy.add(id);
        return inspect(name, volume).Mountpoint;
      }),
    unmount: (name, id) => steps.run('volume unmount', () => void disk.get(name)?.mountedBy.delete(id)),
    copyUp: (name) =>
      steps.run('volume copyUp', () => {
        get(name).filled = true;
      }),
    restore: (ids) =>
      steps.run('volume restore', () => {
        for (const { users } of disk.values()) for (const id of users) if (!ids.has(id)) users.delete(id);
      }),
  };
}

function inspect(name: string, { anonymous }: FakeVolume): VolumeInspect {
  return {
    CreatedAt: '',
    Driver: 'local',
    Labels: anonymous ? { [ANONYMOUS_LABEL]: '' } : null,
    Mountpoint: `/volumes/${name}`,
    Name: name,
    Options: null,
    Scope: 'local',
  };
}
