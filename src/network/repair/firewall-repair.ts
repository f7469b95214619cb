import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { PortElement } from '../firewall/table.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { bridgePlans, FIREWALL_GONE, type HostPlan } from '../kernel/protocol.ts';

/** Shortest interval between two checks that starts cause. */
const CHECK_INTERVAL_MS = 5000;
/** The check runs after the start, so that it does not delay it. */
const CHECK_DELAY_MS = 200;
/** Shortest interval between two checks that changes of the firewall cause. A repair is such a change too. */
const CHANGE_INTERVAL_MS = 1000;

export interface FirewallRepairDeps {
  readonly kernel: Pick<Kernel, 'request' | 'onHostChange'>;
  readonly logger: Logger;
  /** Warnings of the engine's start. */
  readonly warnings: readonly string[];
  /** What every network needs on the host. */
  readonly networks: () => readonly HostPlan[];
  /** The ports of every attached container. */
  readonly elements: () => readonly PortElement[];
}

/**
 * Watches and repairs the engine's firewall table. Others may flush the firewall (`nft flush ruleset`, a service that
 * begins with it), or set a `policy drop`, while the engine runs. Damage that can be repaired is repaired; the rest is
 * in {@link warnings}.
 */
export class FirewallRepair implements Disposable {
  readonly #deps: FirewallRepairDeps;
  #warnings: readonly string[];
  #checkedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(deps: FirewallRepairDeps) {
    this.#deps = deps;
    this.#warnings = deps.warnings;
    deps.kernel.onHostChange(() =>
      this.#schedule(Math.max(CHECK_DELAY_MS, this.#checkedAt + CHANGE_INTERVAL_MS - performance.now())),
    );
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Makes the engine's table again, with every port in it. @throws EngineError internal */
  async repair(): Promise<void> {
    const { kernel, logger, networks, elements } = this.#deps;
    const done =
      'the rules and published ports are set up again; your own rules, in the chain gantry-user too, are not';
    logger.warn({}, `another program flushed the firewall: ${done}`);
    const report = await kernel.request('repairFirewall', { networks: networks(), elements: elements() });
    this.#setWarnings(report.warnings);
  }

  /** Called after each start. In most cases it costs nothing. */
  checkSoon(): void {
    if (performance.now() - this.#checkedAt >= CHECK_INTERVAL_MS) this.#schedule(CHECK_DELAY_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.check().catch((error: unknown) => {
        this.#deps.logger.warn({ error: messageOf(error) }, 'cannot check the firewall');
      });
    }, delayMs).unref();
  }

  /** @throws EngineError internal */
  async check(): Promise<void> {
    this.#checkedAt = performance.now();
    const bridges = bridgePlans(this.#deps.networks()).map(({ bridge }) => bridge);
    const { tableIsThere, warnings } = await this.#deps.kernel.request('checkFirewall', { bridges });
    if (this.#closed) return;
    if (tableIsThere) this.#setWarnings(warnings);
    else await this.repair();
  }

  #setWarnings(warnings: readonly string[]): void {
    // A firewall that is starting cannot let bridges through yet.
    if (warnings.join('\n') !== this.#warnings.join('\n')) this.#schedule(CHECK_INTERVAL_MS);
    for (const warning of warnings) if (!this.#warnings.includes(warning)) this.#deps.logger.warn({}, warning);
    this.#warnings = warnings;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether a kernel request failed because the engine's table does not exist. */
export function isFirewallGone(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (errnoOf(at) === FIREWALL_GONE) return true;
  return false;
}
