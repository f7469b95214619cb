import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { errnoOf, invalid, messageOf } from '../base/errors.ts';
import { type CopyEnd, cleanPath, keepEnding, splitPath } from './copy-plan.ts';

/** Makes a path absolute. A trailing slash or dot is kept. */
export function localPath(path: string): string {
  return keepEnding(resolve(path), path);
}

/** Describes a local source. Symlinks in its parents are followed; the source itself only with `followLink`. @throws EngineError */
export function localSource(path: string, followLink: boolean): CopyEnd {
  const real = followLink ? keepEnding(realPath(path), path) : unfollowed(path);
  const base = posix.basename(path);
  // The name by which the user knows it.
  const isRenamed = base !== posix.basename(real) && (followLink || path.endsWith('/'));
  return {
    path: real,
    exists: true,
    isDirectory: lstat(real).isDirectory(),
    ...(isRenamed ? { rebaseName: base } : {}),
  };
}

function unfollowed(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${realPath(path.slice(0, slash)).replace(/\/$/, '')}/${path.slice(slash)}`;
}

/**
 * Describes the target of a copy. A symlink is followed, even when its target does not exist yet. @throws EngineError
 * when its folder is missing
 */
export function localTarget(path: string): CopyEnd {
  const original = path;
  let current = path;
  for (let links = 0; ; links += 1) {
    const found = lstatIfThere(current);
    if (found === undefined) {
      const [parent] = splitPath(current);
      if (!stat(parent).isDirectory()) throw invalid('not a directory');
      return { path: current, exists: false, isDirectory: false };
    }
    if (!found.isSymbolicLink()) return { path: current, exists: true, isDirectory: found.isDirectory() };
    if (links > 10) throw invalid(`too many symlinks in ${original}`);
    const target = readlinkSync(current);
    current = target.startsWith('/') ? target : posix.join(splitPath(current)[0], target);
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    // The part of the path that is missing.
    const at = error instanceof Error && 'path' in error ? String(error.path) : path;
    throw invalid(goText('lstat', at, error), error);
  }
}

function lstat(path: string): Stats {
  return inGo('lstat', path, () => lstatSync(path));
}

function stat(path: string): Stats {
  return inGo('stat', path, () => statSync(path));
}

function lstatIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw invalid(goText('lstat', path, error), error);
  }
}

function inGo<T>(call: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw invalid(goText(call, path, error), error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};

/** Checks the local target of a copy. @throws EngineError in docker's words */
export function checkTarget(path: string): void {
  const folder = posix.dirname(cleanPath(path));
  if (statSync(folder, { throwIfNoEntry: false }) === undefined)
    throw invalid(`invalid output path: directory "${folder}" does not exist`);
  const found = inGo('stat', path, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isBlockDevice() || found?.isCharacterDevice())
    throw invalid(`invalid output path: "${path}" must be a directory or a regular file: got a device`);
}

/** An error in Go's words: `lstat /x: no such file or directory`. */
export function goText(call: string, path: string, error: unknown): string {
  return `${call} ${path}: ${REASONS[errnoOf(error) ?? ''] ?? messageOf(error)}`;
}
