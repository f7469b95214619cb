import { invalid } from '../base/errors.ts';
import type { LogConfig } from '../spec/index.ts';
import { findLogDriver } from './drivers.ts';
import { type LogDriver, logDriverOf } from './log-driver.ts';
import type { LogOptions } from './log-options.ts';

/** Options that every driver has. */
const COMMON: ReadonlySet<string> = new Set(['mode', 'max-buffer-size']);

/** Checks the log driver and its options. @throws EngineError invalid with dockerd's texts */
export function checkLogConfig(config: LogConfig): void {
  const type = logDriverOf(config);
  const driver = findLogDriver(type);
  if (driver === undefined)
    throw invalid(`error looking up logging plugin ${type}: plugin ${JSON.stringify(type)} not found`);
  checkLogOptions(driver, config.Config ?? {});
}

/** @throws EngineError invalid with dockerd's texts */
export function checkLogOptions(driver: LogDriver, options: LogOptions): void {
  const { options: known, title } = driver;
  if (known === 'any') return;
  const { mode = '', 'max-buffer-size': buffer } = options;
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer !== undefined && mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  for (const name of Object.keys(options)) {
    if (!COMMON.has(name) && !known.has(name)) throw invalid(`unknown log opt '${name}' for ${title}`);
  }
  driver.check?.(options);
}
