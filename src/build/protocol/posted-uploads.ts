import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { EngineError } from '../../base/errors.ts';
import { WaitingMap } from '../runs/index.ts';

/** Clients send both requests at once. */
const WAIT_MS = 5000;

/** A context that is being read. Disposing it says that nobody reads on. */
export interface TakenUpload extends Disposable {
  readonly body: Readable;
}

/**
 * Contexts of builds that come as requests of their own: with `remote=upload-request` a build takes the body of the request with
 * `buildid=upload-request:ID`. Either may come first.
 */
export class PostedUploads {
  readonly #offers = new WaitingMap<Offer>();
  readonly #waitMilliseconds: number;

  constructor(waitMilliseconds = WAIT_MS) {
    this.#waitMilliseconds = waitMilliseconds;
  }

  /** Gives a context to the build of this id. Resolves when it has been read. @throws EngineError failed, conflict, cancelled */
  async offer(id: string, body: Readable, signal: AbortSignal): Promise<void> {
    if (this.#offers.values.has(id)) throw new EngineError('conflict', `build ${id} has a context already`);
    const offer = new Offer(body);
    this.#offers.set(id, offer);
    try {
      await offer.read(this.#waitMilliseconds, signal);
    } finally {
      this.#offers.delete(id);
    }
  }

  /** Takes the context of a build. @throws EngineError failed when none comes; cancelled */
  async take(id: string, signal: AbortSignal): Promise<TakenUpload> {
    const offer = await this.#offers.wait(id, this.#waitMilliseconds, signal);
    if (signal.aborted) throw new EngineError('cancelled', 'context canceled');
    if (offer === undefined) throw new EngineError('failed', `the context of build ${id} has not come`);
    return offer.take();
  }
}

class Offer {
  readonly #body: Readable;
  readonly #taken = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  #isTaken = false;

  constructor(body: Readable) {
    this.#body = body;
  }

  /** Resolves when the body has been read, or is read no more. */
  async read(milliseconds: number, signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, milliseconds);
    signal.addEventListener('abort', () => late.resolve(), { once: true });
    await Promise.race([this.#taken.promise, late.promise]);
    clearTimeout(timer);
    if (!this.#isTaken) throw new EngineError('failed', 'no build has asked for the context');
    await Promise.race([finished(this.#body, { signal }), this.#left.promise]).catch(() => undefined);
  }

  /** @throws EngineError conflict */
  take(): TakenUpload {
    if (this.#isTaken) throw new EngineError('conflict', 'the context is read already');
    this.#isTaken = true;
    this.#taken.resolve();
    return { body: this.#body, [Symbol.dispose]: () => this.#left.resolve() };
  }
}
