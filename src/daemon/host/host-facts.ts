import { statfsSync } from 'node:fs';
import { availableParallelism, hostname, machine, release, totalmem } from 'node:os';
import { readText } from '../../io/index.ts';

/** Facts about the host for `docker info`. They are read at each call, since for example the host name may change. */
export interface HostFacts {
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** In the form of `uname -m`: x86_64. */
  readonly machine: string;
  /** In the form of OCI: amd64. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly hostname: string;
}

export function readHostFacts(): HostFacts {
  const os = osRelease();
  return {
    kernelVersion: release(),
    operatingSystem: os.get('PRETTY_NAME') ?? 'Linux',
    osVersion: os.get('VERSION_ID') ?? '',
    machine: machine(),
    architecture: ociArchitecture(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    hostname: hostname(),
  };
}

export function ociArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/** os-release(5). */
function osRelease(): ReadonlyMap<string, string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = readText(path);
    if (text === '') continue;
    return new Map(
      text.split('\n').flatMap((line) => {
        const match = /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line);
        return match === null ? [] : [[match[1] ?? '', match[3] ?? '']];
      }),
    );
  }
  return new Map();
}

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'extfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  26985: 'nfs',
  4076150800: 'f2fs',
  3393526350: 'bcachefs',
};

/** Name of a path's file system, as dockerd spells it (statfs(2), magic numbers of linux/magic.h). */
export function fileSystemName(path: string): string {
  try {
    return FILE_SYSTEMS[statfsSync(path).type] ?? '<unknown>';
  } catch {
    return '<unknown>';
  }
}
