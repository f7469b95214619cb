import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { removeTree } from '../linux/index.ts';
import { runtimeRoot, type TaskLayout, taskLayout } from '../spec/index.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { cgroupPathOf, removeCgroups } from './remove-cgroups.ts';
import { removeFolder, type TaskRecord } from './task-files.ts';

export interface RemoverDeps {
  readonly execRoot: string;
  readonly runtime: OciRuntime;
  readonly log: Logger;
}

/**
 * Runs the OCI runtime's `delete` for ended containers, after their exit was announced. It removes the cgroup and the
 * runtime's state, so that the next start of the same id waits for it.
 */
export class ContainerRemover {
  readonly #deps: RemoverDeps;
  readonly #pending = new Map<string, Promise<void>>();

  constructor(deps: RemoverDeps) {
    this.#deps = deps;
  }

  /** Resolves when no removal of the container is under way. */
  async done(containerId: string): Promise<void> {
    await this.#pending.get(containerId);
  }

  async allDone(): Promise<void> {
    await Promise.all(this.#pending.values());
  }

  /**
   * Starts the removal in the next turn of the loop: the exit is announced first. `thorough` also removes what a killed
   * runtime has left.
   */
  remove(record: TaskRecord, options: { readonly thorough: boolean } = { thorough: false }): void {
    const { containerId } = record.task;
    const removed = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#delete(record, options.thorough))
      .finally(() => {
        if (this.#pending.get(containerId) === removed) this.#pending.delete(containerId);
      });
    this.#pending.set(containerId, removed);
  }

  /** Removes the rest of an ended task, its folder last, so that an interrupted removal is found again. */
  async removeEnded({ record, layout }: RemovedTask): Promise<void> {
    if (record.task.execId === undefined && this.#hasState(record)) await this.#delete(record, true);
    removeFolder(layout);
  }

  /** As {@link removeEnded}, for a start that failed or was never finished: usually the runtime leaves nothing. */
  async removeFailed({ record, layout }: RemovedTask): Promise<void> {
    if (record.task.execId === undefined) {
      if (this.#hasState(record)) await this.#delete(record, true);
      else await removeCgroups(cgroupPathOf(layout));
    }
    removeFolder(layout);
  }

  #hasState(record: TaskRecord): boolean {
    return existsSync(this.#state(record));
  }

  /** The runtime's own folder for a container. */
  #state({ task }: TaskRecord): string {
    return join(runtimeRoot(this.#deps.execRoot), task.containerId);
  }

  /** Removes what the runtime cannot delete, because it was killed half-way, without it. */
  async #delete(record: TaskRecord, thorough: boolean): Promise<void> {
    const { containerId } = record.task;
    const warn = (error: string): void =>
      this.#deps.log.warn({ container: containerId, error }, 'runtime delete failed');
    try {
      const { exitCode, stderr } = await this.#deps.runtime.run(record.runtime, ['delete', '--force', containerId]);
      if (exitCode !== 0) warn(stderr.trim());
      if (exitCode === 0 && !thorough) return;
      await removeCgroups(cgroupPathOf(taskLayout(this.#deps.execRoot, record.task)));
      removeTree(this.#state(record));
    } catch (error) {
      warn(messageOf(error));
    }
  }
}

type RemovedTask = { readonly record: TaskRecord; readonly layout: TaskLayout };
