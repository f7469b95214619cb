import { closeSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { descriptorPath, openReadOnlyView } from '../linux/index.ts';

/** The host's /dev/null. */
export const NULL = '/dev/null';

/**
 * /dev/null as a container's process gets it: on a read-only mount of its own. crun's `exec` makes the process's user
 * the owner of its stdio, and the host's /dev/null is not the user's. Before Linux 5.12 it is the host's.
 */
export class NullDevice implements Disposable {
  /** A child can open it before it executes a program: until then it has our descriptors. */
  readonly path: string;
  #view: number | undefined;

  constructor() {
    // In a view of the folder, readlink(2) of the process's descriptor is "/null", as with runc. In a view of the file
    // it is "/".
    this.#view = openReadOnlyView(dirname(NULL));
    this.path = this.#view === undefined ? NULL : `${descriptorPath(this.#view)}/null`;
    if (statSync(this.path, { throwIfNoEntry: false })?.rdev === statSync(NULL).rdev) return;
    // Where /dev/null is a mount of its own, the view of the folder lacks it.
    this[Symbol.dispose]();
    this.#view = openReadOnlyView(NULL);
    this.path = this.#view === undefined ? NULL : descriptorPath(this.#view);
  }

  [Symbol.dispose](): void {
    if (this.#view !== undefined) closeSync(this.#view);
    this.#view = undefined;
  }
}
