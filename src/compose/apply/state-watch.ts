import { type Engine, watchEvents } from '../../client/index.ts';
import { LABEL } from '../running/index.ts';

/**
 * Tells when something happens to a container of a project, by one stream of the engine's events. It is opened at the
 * first question, and closed when this is disposed.
 */
export class StateWatch implements Disposable {
  readonly #engine: Engine;
  readonly #project: string;
  readonly #ended = new AbortController();
  readonly #waiting = new Map<string, (() => void)[]>();
  #opened: Promise<void> | undefined;
  #failure: unknown;

  constructor(engine: Engine, project: string) {
    this.#engine = engine;
    this.#project = project;
  }

  /** Asks from now on: what happens after this resolves is told by {@link changed}. @throws EngineError */
  async open(): Promise<void> {
    this.#opened ??= this.#open();
    await this.#opened;
  }

  /** Resolves at the next event of a container. Call {@link open} before. @throws EngineError when the stream ends */
  changed(id: string, signal: AbortSignal): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const told = (): void => {
      signal.removeEventListener('abort', abort);
      if (this.#failure === undefined) resolve();
      else reject(this.#failure);
    };
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), told]);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #open(): Promise<void> {
    const filters = { type: ['container'], label: [`${LABEL.project}=${this.#project}`] };
    const events = await watchEvents(this.#engine, { filters }, this.#ended.signal);
    void this.#follow(events);
  }

  async #follow(events: Awaited<ReturnType<typeof watchEvents>>): Promise<void> {
    try {
      for await (const { Actor } of events) this.#tell(Actor.ID);
      this.#failure = new Error('the engine ended the stream of events');
    } catch (error) {
      this.#failure = error;
    }
    for (const id of [...this.#waiting.keys()]) this.#tell(id);
  }

  #tell(id: string): void {
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const told of waiting) told();
  }
}
