import type { FileAttributes } from '../world.ts';

/**
 * The options of a tmpfs over what is at its place. It takes over mode and owner of a folder unless its options set them, and is 1777 on
 * a missing one. dockerd does the same: by the second start the folder exists, 0755.
 */
export function tmpfsOptions(options: readonly string[], found: FileAttributes | undefined): readonly string[] {
  if (found === undefined) return has(options, 'mode') ? options : [...options, 'mode=1777'];
  // The runtime reports the error for a file.
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
