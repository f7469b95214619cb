import { writeFile } from 'node:fs';

/**
 * Spares starts a wait in the kernel. The first move of a process between cgroups after some idle milliseconds waits for an RCU grace period
 * (5 to 13 ms measured); for the next 20 ms moves are free. So when a start is to be expected, this process moves to where it is already,
 * in libuv's pool, while the daemon still prepares.
 */
export class CgroupWarmth {
  readonly #procsFile: string | undefined;
  #busy = false;

  /** `procsFile` is cgroup.procs of this process' own cgroup; undefined does nothing. */
  constructor(procsFile: string | undefined) {
    this.#procsFile = procsFile;
  }

  warm(): void {
    if (this.#procsFile === undefined || this.#busy) return;
    this.#busy = true;
    writeFile(this.#procsFile, String(process.pid), () => {
      this.#busy = false;
    });
  }
}
