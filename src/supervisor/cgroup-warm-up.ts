import { writeFile } from 'node:fs';

/**
 * Saves starts a wait in the kernel. The first move of a process between cgroups after some idle milliseconds waits for
 * an RCU grace period (5 to 13 ms measured). For the next 20 ms moves do not wait. So when a start is expected, this
 * process moves to its own cgroup, in libuv's pool, while the daemon still prepares the start.
 */
export class CgroupWarmUp {
  readonly #procsFile: string | undefined;
  #busy = false;

  /** `procsFile` is cgroup.procs of this process's own cgroup. Undefined disables it. */
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
