import type { FileAttributes } from '../world.ts';

/**
 * Returns the options of a tmpfs at a mount point. Unless its options set them, it gets the mode and owner of the
 * folder that it covers, and mode 1777 when there is none. In dockerd the result is the same: by the second start the
 * folder exists, with mode 0755.
 */
export function tmpfsOptions(options: readonly string[], found: FileAttributes | undefined): readonly string[] {
  if (found === undefined) return has(options, 'mode') ? options : [...options, 'mode=1777'];
  // The runtime reports an error when the mount point is a file.
  if (!found.isDirectory()) return options;
  const { mode, uid, gid } = found;
  return [
    ...options,
    ...(has(options, 'mode') ? [] : [`mode=${(mode & 0o7777).toString(8)}`]),
    ...(has(options, 'uid') || uid === 0 ? [] : [`uid=${uid}`]),
    ...(has(options, 'gid') || gid === 0 ? [] : [`gid=${gid}`]),
  ];
}

function has(options: readonly string[], name: string): boolean {
  return options.some((option) => option.startsWith(`${name}=`));
}
