import { EngineError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from './config/config.ts';
import type { OptionValues } from './config/options.ts';
import { planReload } from './config/plan-reload.ts';

export interface ConfigReloaderDeps {
  readonly logger: Logger;
  /** Flags and file as they are now. @throws EngineError for a file that cannot be read */
  readonly read: () => OptionValues;
  /** What the engine was started with. */
  readonly values: OptionValues;
  /** @throws EngineError when the engine cannot be so; it is as before then */
  readonly apply: (config: Config) => Promise<void>;
}

/**
 * Returns what SIGHUP does: it reads the configuration again, puts in force what may change in a running engine, and logs
 * what changed and what waits for a restart. A configuration with a fault changes nothing. One reload at a time. Never throws.
 */
export function configReloader({ logger, read, values, apply }: ConfigReloaderDeps): () => Promise<void> {
  let running = values;
  const reload = async (): Promise<void> => {
    try {
      const plan = planReload(running, read());
      await apply(plan.config);
      running = plan.values;
      logger.info({ changed: plan.changed }, 'configuration reloaded');
      if (plan.needRestart.length === 0) return;
      logger.warn({ options: plan.needRestart }, 'these options have changed: restart the engine to apply them');
    } catch (error) {
      const shown = error instanceof EngineError && error.kind !== 'internal' ? messageOf(error) : error;
      logger.error({ err: shown }, 'cannot reload the configuration: the old one stays in force');
    }
  };
  let last = Promise.resolve();
  return () => {
    last = last.then(reload);
    return last;
  };
}
