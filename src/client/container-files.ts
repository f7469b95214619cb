/** Files of a container, as archives. */
import { containerPath } from './containers.ts';
import type { Engine } from './engine-client.ts';

export interface ContainerPath {
  readonly container: string;
  /** Path in the container's root file system. */
  readonly path: string;
}

/** The engine's description of a file. */
export interface PathStat {
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly isDevice: boolean;
  /** '' unless the path is a symlink. */
  readonly linkTarget: string;
}

/** Go's bits of a file's mode. */
const DIRECTORY = 0x80000000;
const SYMLINK = 0x08000000;
const DEVICE = 0x04000000;
const STAT_HEADER = 'x-docker-container-path-stat';

/** Describes the file at a path. A symlink is not followed. */
export async function statContainerPath(engine: Engine, { container, path }: ContainerPath): Promise<PathStat> {
  const response = await engine.request({ method: 'HEAD', path: containerPath(container, 'archive'), query: { path } });
  await response.text();
  return parseStat(response.headers[STAT_HEADER]);
}

/** Returns a file or directory as a tar, with its description. */
export async function readContainerArchive(
  engine: Engine,
  { container, path }: ContainerPath,
  signal?: AbortSignal,
): Promise<{ readonly stat: PathStat; readonly archive: AsyncIterable<Buffer> }> {
  const request = { method: 'GET', path: containerPath(container, 'archive'), query: { path }, signal } as const;
  const response = await engine.request(request);
  return { stat: parseStat(response.headers[STAT_HEADER]), archive: response.body };
}

export interface WriteArchiveOptions {
  /** A tar. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Changes the owner of the unpacked files to the container's user. */
  readonly ownedByUser?: boolean;
}

/** Unpacks an archive into a directory. A file never replaces a directory there, nor a directory a file. */
export async function writeContainerArchive(
  engine: Engine,
  { container, path }: ContainerPath,
  { archive, ownedByUser }: WriteArchiveOptions,
  signal?: AbortSignal,
): Promise<void> {
  await engine.send({
    method: 'PUT',
    path: containerPath(container, 'archive'),
    query: { path, noOverwriteDirNonDir: 'true', copyUIDGID: ownedByUser || undefined },
    stream: archive,
    headers: { 'Content-Type': 'application/x-tar' },
    signal,
  });
}

function parseStat(header = ''): PathStat {
  const stat = JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as { mode?: number; linkTarget?: string };
  const type = Number(stat.mode);
  return {
    isDirectory: (type & DIRECTORY) !== 0,
    isSymlink: (type & SYMLINK) !== 0,
    isDevice: (type & DEVICE) !== 0,
    linkTarget: stat.linkTarget ?? '',
  };
}
