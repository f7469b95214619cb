import { statSync } from 'node:fs';
import { failed } from '../../base/errors.ts';
import {
  buildExecProcess,
  buildRuntimeSpec,
  type HostFacts,
  injectDevices,
  type SpecMount,
  USER_FILE_BYTES_MAX,
} from '../../runtime/index.ts';
import type { ContainerRecord, MountRecord } from '../model/record.ts';
import { withRunDefaults } from '../model/run-defaults.ts';
import type { RunInput, TaskSpecs } from '../model/run-input.ts';
import type { World } from '../world.ts';

export interface TaskSpecsDeps extends Pick<World, 'snapshots' | 'roots' | 'dataRoot' | 'logger' | 'runDefaults'> {
  readonly facts: HostFacts;
  /** Path of docker-init: tini or catatonit. Undefined when the host has none. */
  readonly initPath: string | undefined;
  readonly cdiFolders: readonly string[];
}

/** Builds the OCI runtime's specifications from records, with the rules of the runtime's `oci-spec`. */
export function createTaskSpecs(deps: TaskSpecsDeps): TaskSpecs {
  const process = (record: ContainerRecord, rootfs: string) => ({
    config: record.config,
    hostConfig: withRunDefaults(record.hostConfig, deps.runDefaults),
    facts: deps.facts,
    readFile: (path: string) => deps.roots.read(rootfs, path, USER_FILE_BYTES_MAX)?.toString('utf8'),
    warn: (text: string) => deps.logger.warn({ containerId: record.id }, text),
  });
  return {
    container: async ({ record, rootfs, mounts, files, joined, shmPath }: RunInput) => {
      const spec = buildRuntimeSpec({
        ...process(record, rootfs),
        id: record.id,
        path: record.path,
        args: record.args,
        rootfs,
        mounts: mounts.map(specMount),
        files,
        namespaces: joined,
        ...(shmPath === undefined ? {} : { shmPath }),
        ...(deps.initPath === undefined ? {} : { initPath: deps.initPath }),
        dataRoot: deps.dataRoot,
      });
      const cdi = (record.hostConfig.DeviceRequests ?? []).filter(({ Driver }) => Driver === 'cdi');
      return injectDevices(
        spec,
        cdi.flatMap(({ DeviceIDs }) => DeviceIDs ?? []),
        deps.cdiFolders,
      );
    },
    exec: async (record, exec) => {
      // The container may end meanwhile: its root is not left mounted then.
      await using root = await deps.snapshots.use(record.id);
      return buildExecProcess(process(record, root.path), {
        Cmd: [exec.entrypoint, ...exec.arguments],
        Env: exec.env,
        Privileged: exec.privileged,
        Tty: exec.tty,
        User: exec.user,
        WorkingDir: exec.workingDir,
        ConsoleSize: exec.consoleSize ?? null,
      });
    },
  };
}

function specMount(mount: MountRecord): SpecMount {
  const isTmpfs = mount.Type === 'tmpfs';
  const below = isTmpfs ? undefined : readOnlyBelow(mount);
  return {
    type: isTmpfs ? 'tmpfs' : mount.Type === 'volume' ? 'volume' : 'bind',
    source: mount.Source,
    destination: mount.Destination,
    readOnly: !mount.RW,
    propagation: mount.Propagation,
    ...(mount.nonRecursive === true ? { nonRecursive: true } : {}),
    ...(isTmpfs && mount.options !== undefined ? { options: mount.options } : {}),
    ...(below !== undefined ? { readOnlyBelow: below } : {}),
  };
}

/**
 * Nothing can be mounted below a file, and crun 1.8 refuses to mount one recursively read-only.
 * @throws EngineError failed for options that contradict each other; dockerd reports them at the start as well
 */
function readOnlyBelow({ RW, Source, options }: MountRecord): 'forced' | 'no' | undefined {
  if (options?.includes('ro') && options.includes('rro')) {
    throw failed('mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive');
  }
  if (options?.includes('ro') || (!RW && statSync(Source, { throwIfNoEntry: false })?.isDirectory() === false))
    return 'no';
  return options?.includes('rro') ? 'forced' : undefined;
}
