import { readFileSync } from 'node:fs';

/**
 * The folder of a process's cgroup, from the kernel's data of the process and its mounts: of `controller` where version
 * 1 has it, else of version 2. Undefined where neither is mounted.
 */
export function cgroupFolder(pid: number | string, controller: string): string | undefined {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const legacy = mountPoint((type, options) => type === 'cgroup' && options.includes(controller));
  const mount = legacy ?? mountPoint((type) => type === 'cgroup2');
  const path = lines.find((line) =>
    legacy === undefined ? line?.[1] === '' : line?.[1]?.split(',').includes(controller),
  )?.[2];
  return mount === undefined || path === undefined ? undefined : `${mount}${path}`;
}

/** A file of a process's cgroup, by its name in version 1 or 2, without its last newline. */
export function cgroupFile(pid: number | string, legacy: string, unified: string): string {
  const folder = cgroupFolder(pid, legacy.slice(0, legacy.indexOf('.')));
  if (folder === undefined) throw new Error(`no cgroup with ${legacy} or ${unified}`);
  for (const name of [legacy, unified]) {
    try {
      return readFileSync(`${folder}/${name}`, 'utf8').trimEnd();
    } catch {
      // The file of the other version.
    }
  }
  throw new Error(`${folder} has neither ${legacy} nor ${unified}`);
}

/** Mount point of the first mount with a matching type and options, see proc_pid_mountinfo(5). */
function mountPoint(pleases: (type: string, options: readonly string[]) => boolean): string | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [place = '', source = ''] = line.split(' - ');
    const [type = '', , options = ''] = source.split(' ');
    if (pleases(type, options.split(','))) return place.split(' ')[4];
  }
  return undefined;
}
