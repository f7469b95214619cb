import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { failed, internal, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { programUrl } from '../../base/program-url.ts';
import { WATCH_SIGNAL } from '../../linux/index.ts';
import type { Kernel } from './kernel.ts';
import type { KernelConfig, KernelOperation, KernelRequests, KernelResponse } from './protocol.ts';

/**
 * Starts the thread that talks to the kernel about networks. It is a thread of its own for three reasons: rtnl_lock
 * makes callers wait for tens of milliseconds while links are deleted; a network namespace is a property of a thread;
 * and requests that arrive while it works become one firewall transaction. It holds no state that its successor needs:
 * when it dies its calls fail, and the next call starts another.
 */
export function startKernelThread(config: KernelConfig, logger: Logger): Kernel {
  return new KernelThread(config, logger);
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

class KernelThread implements Kernel {
  readonly #config: KernelConfig;
  readonly #logger: Logger;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;
  #closed = false;
  readonly #hostListeners: (() => void)[] = [];
  readonly #tellHostChange = (): void => {
    for (const listener of this.#hostListeners) listener();
  };

  constructor(config: KernelConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    process.on(WATCH_SIGNAL, this.#tellHostChange);
    this.#worker = this.#start();
  }

  request<O extends KernelOperation>(
    operation: O,
    params: KernelRequests[O]['params'],
  ): Promise<KernelRequests[O]['result']> {
    if (this.#closed) return Promise.reject(internal('the network is closed'));
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<KernelRequests[O]['result']>();
    this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
    this.#worker.postMessage({ id, operation, params });
    return promise;
  }

  onHostChange(listener: () => void): void {
    this.#hostListeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) {
      // Null is the last message: earlier requests are finished first.
      worker.postMessage(null);
      await once(worker, 'exit');
    }
    // Only now: the thread asks for the signal, and a signal without a handler would end the process.
    process.off(WATCH_SIGNAL, this.#tellHostChange);
  }

  #start(): Worker {
    const worker = new Worker(workerUrl(), {
      workerData: this.#config,
      name: 'gantry-net',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    });
    worker.on('message', (response: KernelResponse) => this.#receive(response));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', (code) => this.#lost(worker, new Error(`kernel thread ended with ${code}`)));
    return worker;
  }

  #receive({ id, result, error }: KernelResponse): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else if (error.isFailure) pending?.reject(failed(error.message));
    else pending?.reject(internal(error.message, Object.assign(new Error(error.message), { code: error.code })));
  }

  #lost(worker: Worker, error: unknown): void {
    if (this.#worker === worker) {
      this.#worker = undefined;
      if (!this.#closed) this.#logger.error({ error: messageOf(error) }, 'network kernel thread ended');
    }
    if (this.#worker !== undefined) return;
    for (const { reject } of this.#pending.values()) reject(internal(messageOf(error), error));
    this.#pending.clear();
    // The watch ended with the thread. The check makes another.
    if (!this.#closed) this.#tellHostChange();
  }
}

function workerUrl(): URL {
  return programUrl(import.meta.url, { source: 'kernel-worker.ts', bundle: 'network-kernel.js' });
}
