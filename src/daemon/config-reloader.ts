import { EngineError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from './config/config.ts';
import type { OptionValues } from './config/options.ts';
import { planReload } from './config/plan-reload.ts';

export interface ConfigReloaderDeps {
  readonly logger: Logger;
  /** Reads the current flags and file. @throws EngineError for a file that cannot be read */
  readonly read: () => OptionValues;
  /** The options of the engine's start. */
  readonly values: OptionValues;
  /** @throws EngineError when the configuration is impossible; then nothing has changed */
  readonly apply: (config: Config) => Promise<void>;
}

/**
 * Returns the handler of SIGHUP. It reads the configuration again, applies the options that may change in a running
 * engine, and logs the changed options and those that need a restart. A wrong configuration changes nothing. One reload
 * runs at a time. Never throws.
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
