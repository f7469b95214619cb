import type { EndedContainer, ServiceContainer } from '../../compose/index.ts';
import type { Flags } from '../flags/parse.ts';

/** Which containers still run, and how the first one ended. */
export class ContainerEnds {
  readonly #flags: Flags;
  readonly #running = new Map<string, string>();
  readonly #codes = new Map<string, number>();
  readonly #done = Promise.withResolvers<EndedContainer | undefined>();
  readonly #empty = Promise.withResolvers<void>();
  #isExpecting = false;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** Resolves when all have ended, or with the container whose end ends all. */
  get done(): Promise<EndedContainer | undefined> {
    return this.#done.promise;
  }

  /** Resolves when all have ended. */
  get empty(): Promise<void> {
    return this.#empty.promise;
  }

  expect(containers: readonly ServiceContainer[]): void {
    for (const { id, service } of containers) this.#running.set(id, service);
    this.#isExpecting = true;
    if (this.#running.size > 0) return;
    this.#empty.resolve();
    this.#done.resolve(undefined);
  }

  /** Expects a container in place of the one whose id begins with `replaced`. The end of that one ends nothing then. */
  replace({ id, service }: Pick<ServiceContainer, 'id' | 'service'>, replaced: string): void {
    const old = [...this.#running.keys()].find((each) => each.startsWith(replaced));
    if (old === undefined) return;
    this.#running.delete(old);
    this.#running.set(id, service);
  }

  take(ended: EndedContainer): void {
    if (!this.#running.has(ended.id)) return;
    if (!this.#codes.has(ended.service)) this.#codes.set(ended.service, ended.exitCode);
    if (ended.restarts) return;
    this.#running.delete(ended.id);
    if (this.#isExpecting && this.#running.size === 0) this.#empty.resolve();
    const from = this.#flags.string('exit-code-from');
    const endsAll =
      this.#flags.bool('abort-on-container-exit') ||
      (this.#flags.bool('abort-on-container-failure') && ended.exitCode !== 0) ||
      (from !== '' && ended.service === from);
    if (endsAll) this.#done.resolve(ended);
    else if (this.#isExpecting && this.#running.size === 0) this.#done.resolve(undefined);
  }

  /** The exit code of a service. */
  codeOf(service: string): number | undefined {
    return this.#codes.get(service);
  }
}
