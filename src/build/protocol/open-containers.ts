import { code, GrpcError } from '../../grpc/index.ts';
import type { BuildContainer } from '../build-container.ts';

/** A frontend is a program that nobody has checked: each container has a root, and perhaps a network. */
const CONTAINERS_MAX = 200;

/** The containers of one frontend, by its own ids. Disposing ends them, and none is opened after it. */
export class OpenContainers implements AsyncDisposable {
  readonly #open = new Map<string, Promise<BuildContainer>>();
  readonly #ready = new Map<string, BuildContainer>();
  readonly #abort = new AbortController();

  /** @throws GrpcError alreadyExists, cancelled, resourceExhausted; what `open` throws */
  async open(id: string, open: (signal: AbortSignal) => Promise<BuildContainer>): Promise<void> {
    this.#abort.signal.throwIfAborted();
    if (this.#open.has(id)) throw new GrpcError(code.alreadyExists, `Container ${id} already exists`);
    if (this.#open.size >= CONTAINERS_MAX)
      throw new GrpcError(code.resourceExhausted, `a build has at most ${CONTAINERS_MAX} containers at a time`);
    const opening = open(this.#abort.signal);
    this.#open.set(id, opening);
    try {
      this.#ready.set(id, await opening);
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
  }

  /** @throws GrpcError notFound */
  get(id: string): BuildContainer {
    const found = this.#ready.get(id);
    if (found === undefined) {
      throw new GrpcError(code.notFound, `container "${id}" previously released or not created`);
    }
    return found;
  }

  /** Resolves when nothing of it is left. @throws GrpcError notFound */
  async release(id: string): Promise<void> {
    const container = this.get(id);
    this.#ready.delete(id);
    this.#open.delete(id);
    await container[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new GrpcError(code.cancelled, 'context canceled'));
    const all = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    this.#ready.clear();
    await Promise.all(
      all.map((opened) => (opened.status === 'fulfilled' ? opened.value[Symbol.asyncDispose]() : undefined)),
    );
  }
}
