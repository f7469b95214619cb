import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FIREWALL_GONE } from '../kernel/protocol.ts';
import type { BridgeRules, PortElement } from './table.ts';

/** Shortest interval between two checks that starts cause. */
const LOOK_EVERY_MS = 5000;
/** The check runs after the start, so that it does not delay it. */
const LOOK_AFTER_MS = 200;

export interface FirewallCareDeps {
  readonly kernel: Pick<Kernel, 'request'>;
  readonly logger: Logger;
  /** Warnings of the engine's start. */
  readonly warnings: readonly string[];
  readonly bridges: () => readonly BridgeRules[];
  /** The ports of every attached container. */
  readonly elements: () => readonly PortElement[];
}

/**
 * Watches and repairs the engine's firewall table. Others may flush the firewall (`nft flush ruleset`, a service that
 * begins with it), or set a `policy drop`, while the engine runs. Damage that can be repaired is repaired; the rest is
 * in {@link warnings}.
 */
export class FirewallCare implements Disposable {
  readonly #deps: FirewallCareDeps;
  #warnings: readonly string[];
  #lookedAt = performance.now();
  #look: NodeJS.Timeout | undefined;

  constructor(deps: FirewallCareDeps) {
    this.#deps = deps;
    this.#warnings = deps.warnings;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Makes the engine's table again, with every port in it. @throws EngineError internal */
  async repair(): Promise<void> {
    const { kernel, logger, bridges, elements } = this.#deps;
    logger.warn({}, 'somebody flushed the firewall: published ports and the way out are set up again');
    const report = await kernel.request('repairFirewall', { bridges: bridges(), elements: elements() });
    this.#tell(report.warnings);
  }

  /** Called after each start. In most cases it costs nothing. */
  lookSoon(): void {
    if (this.#look !== undefined || performance.now() - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      this.look().catch((error: unknown) => {
        this.#deps.logger.warn({ error: messageOf(error) }, 'the firewall could not be looked at');
      });
    }, LOOK_AFTER_MS).unref();
  }

  /** @throws EngineError internal */
  async look(): Promise<void> {
    this.#lookedAt = performance.now();
    const bridges = this.#deps.bridges().map(({ bridge }) => bridge);
    const { tableIsThere, warnings } = await this.#deps.kernel.request('lookAtFirewall', { bridges });
    if (tableIsThere) this.#tell(warnings);
    else await this.repair();
  }

  #tell(warnings: readonly string[]): void {
    for (const warning of warnings) if (!this.#warnings.includes(warning)) this.#deps.logger.warn({}, warning);
    this.#warnings = warnings;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#look);
    this.#look = undefined;
  }
}

/** Whether a kernel request failed because the engine's table does not exist. */
export function isFirewallGone(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (errnoOf(at) === FIREWALL_GONE) return true;
  return false;
}
