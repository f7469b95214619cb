import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { BridgePlan, BridgePort } from './kernel/protocol.ts';

/**
 * Shortest interval between two checks: a program that keeps changing a bridge must not keep a processor busy. A check
 * that found damage checks again after it too.
 */
const LOOK_EVERY_MS = 1000;

export interface BridgeCareDeps {
  readonly kernel: Kernel;
  readonly logger: Logger;
  readonly bridges: () => readonly BridgePlan[];
  /** The ports of every attached container. */
  readonly ports: () => readonly BridgePort[];
}

/**
 * Watches and repairs the engine's bridges. Others may remove them, set them down or change their address: a dockerd
 * with `bridge: none` removes any docker0. A damaged bridge is repaired at once, with the links of running containers.
 * Damage that cannot be repaired is in {@link warnings}.
 */
export class BridgeCare implements Disposable {
  readonly #deps: BridgeCareDeps;
  #warnings: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(deps: BridgeCareDeps) {
    this.#deps = deps;
    deps.kernel.onBridgeChange(() => this.#lookSoon());
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** @throws EngineError internal */
  async look(): Promise<void> {
    this.#lookedAt = performance.now();
    const { kernel, logger, bridges, ports } = this.#deps;
    const { repaired, failed } = await kernel.request('repairBridges', { bridges: bridges(), ports: ports() });
    for (const what of repaired) logger.warn({}, `${what}: set right again`);
    for (const what of failed) if (!this.#warnings.includes(what)) logger.error({}, what);
    this.#warnings = failed;
    // A container whose start was under way is attached by then.
    if (repaired.length > 0) this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#closed) return;
    const delay = Math.max(0, this.#lookedAt + LOOK_EVERY_MS - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.look().catch((error: unknown) => {
        this.#deps.logger.warn({ error: messageOf(error) }, 'the bridges could not be looked at');
      });
    }, delay).unref();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
