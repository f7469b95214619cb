import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { BridgePort, ConnectPlan, HostPlan } from '../kernel/protocol.ts';

/**
 * Shortest interval between two checks: a program that keeps changing a bridge must not keep a processor busy. A check
 * that found damage checks again after it too.
 */
const CHECK_INTERVAL_MS = 1000;
/** Damage that cannot be repaired now is checked again after this time: what stands in the way signals nothing. */
const RETRY_MS = 5000;

export interface BridgeRepairDeps {
  readonly kernel: Kernel;
  readonly logger: Logger;
  /** What every network needs on the host. */
  readonly networks: () => readonly HostPlan[];
  /** The ports of every attached container. */
  readonly ports: () => readonly BridgePort[];
  /** Plans a container's link, by its name on the host, as it was. Undefined while the container is being changed, or has left. */
  readonly linkAgain: (name: string) => ConnectPlan | undefined;
}

interface MadeAgain {
  readonly repaired: readonly string[];
  readonly failed: readonly string[];
  /** Whether the container of a lost link was being changed. */
  readonly isWaiting: boolean;
}

/**
 * Watches and repairs the engine's bridges. Others may remove them, set them down or change their address: a dockerd
 * with `bridge: none` removes any docker0. A damaged bridge is repaired at once, with the links of running containers.
 * Damage that cannot be repaired is in {@link warnings}.
 */
export class BridgeRepair implements Disposable {
  readonly #deps: BridgeRepairDeps;
  #warnings: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, in milliseconds of `performance.now()`. */
  #dueAt = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(deps: BridgeRepairDeps) {
    this.#deps = deps;
    deps.kernel.onHostChange(() => this.checkSoon());
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** @throws EngineError internal */
  async check(): Promise<void> {
    this.#checkedAt = performance.now();
    const { kernel, logger, networks, ports } = this.#deps;
    const found = await kernel.request('repairBridges', { networks: networks(), ports: ports() });
    const again = await this.#makeAgain(found.lost);
    const [repaired, failed] = [
      [...found.repaired, ...again.repaired],
      [...found.failed, ...again.failed],
    ];
    for (const what of repaired) logger.warn({}, `${what}: repaired`);
    for (const what of failed) if (!this.#warnings.includes(what)) logger.error({}, what);
    this.#warnings = failed;
    // A container whose start or change was under way is at rest by then.
    if (repaired.length > 0 || again.isWaiting) this.checkSoon();
    else if (failed.length > 0) this.#checkIn(RETRY_MS);
  }

  /** Makes links of containers that others have removed. Each is planned at the last moment: its container may leave. */
  async #makeAgain(lost: readonly string[]): Promise<MadeAgain> {
    const done = { repaired: [] as string[], failed: [] as string[], isWaiting: false };
    for (const name of lost) {
      const plan = this.#deps.linkAgain(name);
      if (plan === undefined) {
        done.isWaiting = true;
        continue;
      }
      const what = `link ${name} of a container was removed`;
      try {
        await this.#deps.kernel.request('connect', plan);
        done.repaired.push(what);
      } catch (error) {
        done.failed.push(`${what}: ${messageOf(error)}`);
      }
    }
    return done;
  }

  /** Checks at most once a second. */
  checkSoon(): void {
    this.#checkIn(Math.max(0, this.#checkedAt + CHECK_INTERVAL_MS - performance.now()));
  }

  /** Of several calls the earliest check counts. */
  #checkIn(delayMs: number): void {
    if (this.#closed) return;
    const dueAt = performance.now() + delayMs;
    if (this.#timer !== undefined && this.#dueAt <= dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.check().catch((error: unknown) => {
        this.#deps.logger.warn({ error: messageOf(error) }, 'cannot check the bridges');
      });
    }, delayMs).unref();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
