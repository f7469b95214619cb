import { Worker } from 'node:worker_threads';
import { EngineError, internal, messageOf } from '../../../base/errors.ts';
import { IdleThreads } from '../../../base/idle-threads.ts';
import { programUrl } from '../../../base/program-url.ts';
import { createSlots } from '../../../base/slots.ts';
import type { ReceivedTree } from '../session.ts';
import type { FromReceiver, ReceiveJob, ToReceiver } from './receive-messages.ts';

/** A job that a thread does. */
export interface Receiving extends AsyncDisposable {
  /** Resolves when the tree is complete. @throws EngineError invalid, noSpace, failed, cancelled, internal */
  readonly tree: Promise<ReceivedTree>;
  /** Returns a buffer for packets, when the thread is not too far behind. Undefined: a new one is needed. */
  buffer(): Promise<ArrayBuffer | undefined>;
  /** Gives the thread packets. The buffer belongs to the thread then. */
  give(buffer: ArrayBuffer, length: number): void;
}

/** Threads that write the trees that clients send: each job has its own, since it goes at its client's pace. */
export interface ReceiveThreads extends AsyncDisposable {
  /** `requested` hears of the ids of files to ask for. */
  begin(job: ReceiveJob, requested: (ids: readonly number[]) => void, signal: AbortSignal): Promise<Receiving>;
}

const THREADS_MAX = 8;
/** Batches that are on their way to a thread. */
const BATCHES_MAX = 4;

export function createReceiveThreads(): ReceiveThreads {
  const slots = createSlots(() => THREADS_MAX);
  const resting = new IdleThreads();
  const alive = new Set<Worker>();
  const under = new Set<StartedReceiving>();
  let isClosed = false;
  const newThread = (): Worker => {
    const worker = new Worker(
      programUrl(import.meta.url, { source: 'receive-worker.ts', bundle: 'receive-worker.js' }),
      {
        name: 'gantry-receive',
        // Node would close descriptors that our system calls opened, and warn of it.
        trackUnmanagedFds: false,
        resourceLimits: { maxYoungGenerationSizeMb: 8 },
      },
    );
    worker.on('error', () => {}); // Its exit follows.
    alive.add(worker);
    worker.once('exit', () => {
      alive.delete(worker);
      resting.forget(worker);
    });
    return worker;
  };
  return {
    async begin(job, requested, signal) {
      const slot = await slots.take(signal);
      if (isClosed) {
        slot[Symbol.dispose]();
        throw new EngineError('cancelled', 'the engine stops');
      }
      const worker = resting.take() ?? newThread();
      const started = new StartedReceiving(worker, requested, (isUsable) => {
        under.delete(started);
        slot[Symbol.dispose]();
        if (isUsable) resting.add(worker);
      });
      under.add(started);
      started.post({ kind: 'begin', job });
      return started;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all([...under].map((started) => started[Symbol.asyncDispose]()));
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

class StartedReceiving implements Receiving {
  readonly #worker: Worker;
  readonly #requested: (ids: readonly number[]) => void;
  readonly #ended: (isUsable: boolean) => void;
  readonly #tree = Promise.withResolvers<ReceivedTree>();
  /** Resolves with whether the thread can take another job. */
  readonly #over = Promise.withResolvers<boolean>();
  readonly #spare: ArrayBuffer[] = [];
  #underWay = 0;
  #wake = (): void => undefined;
  #stopped: Promise<void> | undefined;

  constructor(worker: Worker, requested: (ids: readonly number[]) => void, ended: (isUsable: boolean) => void) {
    this.#worker = worker;
    this.#requested = requested;
    this.#ended = ended;
    this.#tree.promise.catch(() => undefined);
    worker.on('message', this.#hear).on('error', this.#failed).on('exit', this.#exited);
  }

  get tree(): Promise<ReceivedTree> {
    return this.#tree.promise;
  }

  post(message: ToReceiver, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  async buffer(): Promise<ArrayBuffer | undefined> {
    while (this.#underWay >= BATCHES_MAX) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#spare.pop();
  }

  give(buffer: ArrayBuffer, length: number): void {
    this.#underWay += 1;
    this.post({ kind: 'packets', buffer, length }, [buffer]);
  }

  /** Ends the job, whatever its state. The thread is free for another then. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  readonly #hear = (message: FromReceiver): void => {
    if (message.kind === 'taken') {
      this.#underWay -= 1;
      this.#spare.push(message.buffer);
      if (message.requests.length > 0) this.#requested(message.requests);
      this.#wake();
    } else if (message.kind === 'complete') this.#tree.resolve(message.tree);
    else if (message.kind === 'stopped') this.#over.resolve(true);
    else this.#fail(new EngineError(message.failure.kind, message.failure.message));
  };
  readonly #failed = (error: unknown): void => this.#fail(internal(`thread failed: ${messageOf(error)}`, error));
  readonly #exited = (): void => {
    this.#fail(internal('thread ended'));
    this.#over.resolve(false);
  };

  #fail(error: Error): void {
    this.#tree.reject(error);
    this.#underWay = 0;
    this.#wake();
  }

  async #stop(): Promise<void> {
    this.post({ kind: 'stop' });
    const isUsable = await this.#over.promise;
    this.#worker.off('message', this.#hear).off('error', this.#failed).off('exit', this.#exited);
    this.#ended(isUsable);
  }
}
