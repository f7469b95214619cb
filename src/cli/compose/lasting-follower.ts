import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../client/index.ts';
import {
  type FollowOptions,
  followProject,
  observeContainers,
  type ProjectFollower,
  type ServiceContainer,
} from '../../compose/index.ts';

const ASK_AGAIN_MILLISECONDS = 1000;

/** Shows what the containers of a project write, also when the engine goes away and comes back. */
export class LastingFollower implements Disposable {
  readonly #engine: Engine;
  readonly #options: FollowOptions;
  readonly #stop = new AbortController();
  #current: ProjectFollower;

  private constructor(engine: Engine, options: FollowOptions, current: ProjectFollower) {
    this.#engine = engine;
    this.#options = options;
    this.#current = current;
  }

  /** As `followProject`. @throws EngineError */
  static async open(engine: Engine, options: FollowOptions): Promise<LastingFollower> {
    return new LastingFollower(engine, options, await followProject(engine, options));
  }

  know(container: Pick<ServiceContainer, 'id' | 'name' | 'service'>): Promise<void> {
    return this.#current.know(container);
  }

  /** Rejects when the stream of events ends and the engine is not to be waited for. */
  async whileWanted(waits: () => boolean): Promise<never> {
    while (true) {
      try {
        await this.#current.failed;
      } catch (error) {
        if (!waits()) throw error;
        await this.#openAgain(new Date(), waits, error);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#current[Symbol.dispose]();
  }

  async #openAgain(since: Date, waits: () => boolean, reason: unknown): Promise<void> {
    this.#current[Symbol.dispose]();
    while (!this.#stop.signal.aborted && waits()) {
      try {
        const next = await followProject(this.#engine, this.#options);
        this.#current = next;
        const containers = await observeContainers(this.#engine, this.#options.project);
        const own = containers.filter(({ isOneOff }) => !isOneOff);
        await Promise.all(own.map((container) => next.catchUp(container, since)));
        return;
      } catch {
        this.#current[Symbol.dispose]();
      }
      await sleep(ASK_AGAIN_MILLISECONDS, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    throw reason;
  }
}
