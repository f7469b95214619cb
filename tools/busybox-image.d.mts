import type { TarEntry } from './tar-writer.mjs';

/** The first statically linked busybox. Throws an Error that names the package to install. */
export function findBusybox(): string;
/** Entries of a root file system: busybox with a link per applet, the usual directories, root and nobody. */
export function busyboxEntries(busybox?: string): TarEntry[];
/** The root file system as a tar, as `docker import` takes it. */
export function busyboxRootfs(busybox?: string): Buffer;
/** A docker-archive of `busybox:latest`, as `docker load` takes it; `layers` go on top, `config` over CMD and PATH. */
export function busyboxArchive(options?: {
  readonly tags?: readonly string[];
  readonly config?: object;
  readonly layers?: readonly Buffer[];
  readonly busybox?: string;
}): Buffer;
/** Any layers (tars, bottom first) and container config as a docker-archive. */
export function imageArchive(image: {
  readonly tags: readonly string[];
  readonly layers: readonly Buffer[];
  readonly config: object;
}): Buffer;
