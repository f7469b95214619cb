import { pathSegment } from '../../client/index.ts';
import type { Cli } from '../cli.ts';

export interface ContainerPath {
  readonly container: string;
  readonly path: string;
}

export interface CopyOptions {
  readonly ownedByUser: boolean;
  readonly followLink: boolean;
  readonly quiet: boolean;
}

/** What `X-Docker-Container-Path-Stat` says of a path. */
export interface RemoteStat {
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly isDevice: boolean;
  readonly linkTarget: string;
}

const DIRECTORY = 0x80000000;
const SYMLINK = 0x08000000;
const DEVICE = 0x04000000;

export function archivePath(container: string): string {
  return `/containers/${pathSegment(container)}/archive`;
}

export async function remoteStat(cli: Cli, { container, path }: ContainerPath): Promise<RemoteStat> {
  const response = await cli.client.request({ method: 'HEAD', path: archivePath(container), query: { path } });
  await response.text();
  return parseStat(response.headers['x-docker-container-path-stat'] ?? '');
}

export function parseStat(header: string): RemoteStat {
  const stat = JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as { mode?: number; linkTarget?: string };
  const type = Number(stat.mode);
  return {
    isDirectory: (type & DIRECTORY) !== 0,
    isSymlink: (type & SYMLINK) !== 0,
    isDevice: (type & DEVICE) !== 0,
    linkTarget: stat.linkTarget ?? '',
  };
}
