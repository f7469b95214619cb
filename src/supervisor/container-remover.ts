import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { runtimeRoot, type TaskLayout } from '../spec/index.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { removeFolder, type TaskRecord } from './task-files.ts';

export interface RemoverDeps {
  readonly execRoot: string;
  readonly runtime: OciRuntime;
  readonly log: Logger;
}

/**
 * Runs the OCI runtime's `delete` for ended containers, behind the announcement of their exit. It takes the cgroup and the
 * runtime's state with it, so the next start of the same id waits for it.
 */
export class ContainerRemover {
  readonly #deps: RemoverDeps;
  readonly #pending = new Map<string, Promise<void>>();

  constructor(deps: RemoverDeps) {
    this.#deps = deps;
  }

  /** Resolves when no removal of the container is on its way. */
  async done(containerId: string): Promise<void> {
    await this.#pending.get(containerId);
  }

  async allDone(): Promise<void> {
    await Promise.all(this.#pending.values());
  }

  /** Begins in the next turn of the loop: the daemon hears of the exit first. */
  remove(record: TaskRecord): void {
    const { containerId } = record.task;
    const removed = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#delete(record))
      .finally(() => {
        if (this.#pending.get(containerId) === removed) this.#pending.delete(containerId);
      });
    this.#pending.set(containerId, removed);
  }

  /** Everything of a start that failed: the runtime mostly leaves nothing. */
  async removeFailed(task: { readonly record: TaskRecord; readonly layout: TaskLayout }): Promise<void> {
    if (task.record.task.execId === undefined && this.#hasState(task.record)) await this.#delete(task.record);
    removeFolder(task.layout);
  }

  #hasState(record: TaskRecord): boolean {
    return existsSync(join(runtimeRoot(this.#deps.execRoot), record.task.containerId));
  }

  async #delete(record: TaskRecord): Promise<void> {
    const { containerId } = record.task;
    try {
      const { exitCode, stderr } = await this.#deps.runtime.run(record.runtime, ['delete', '--force', containerId]);
      if (exitCode !== 0)
        this.#deps.log.warn({ container: containerId, stderr: stderr.trim() }, 'runtime delete failed');
    } catch (error) {
      this.#deps.log.warn({ container: containerId, error: messageOf(error) }, 'runtime delete failed');
    }
  }
}
