import { cleanPath } from '../../../spec/index.ts';

/** A path below the root, cleaned: `../a/` is `/a`. */
export function rootedPath(path: string): string {
  return cleanPath(`/${path}`);
}

/** A path relative to a folder. A slash at the end, or `.` as the last part, ends the result with a slash. */
export function targetPath(folder: string, path: string): string {
  const joined = cleanPath(path.startsWith('/') ? path : `${folder}/${path}`);
  const isFolder = path === '' || /(?:^|\/)\.?$/.test(path);
  return isFolder && joined !== '/' ? `${joined}/` : joined;
}

/** The new working directory, as an image's configuration has it. */
export function workingDirectory(current: string, path: string): string {
  if (path.startsWith('/')) return path;
  return cleanPath(`/${current}/${path}`);
}
