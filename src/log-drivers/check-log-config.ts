import { invalid, messageOf } from '../base/errors.ts';
import type { LogConfig } from '../spec/index.ts';
import { findLogDriver } from './drivers.ts';
import { type LogDriver, logDriverOf } from './log-driver.ts';
import type { LogOptions } from './log-options.ts';
import { parseBool, parseSize } from './option-values.ts';
import { unavailability } from './unavailable.ts';

/** Options that every driver has. */
const COMMON: ReadonlySet<string> = new Set([
  'mode',
  'max-buffer-size',
  'cache-disabled',
  'cache-max-size',
  'cache-max-file',
  'cache-compress',
]);

/** Checks the log driver and its options. @throws EngineError invalid with dockerd's texts */
export function checkLogConfig(config: LogConfig): void {
  const type = logDriverOf(config);
  const driver = findLogDriver(type);
  if (driver === undefined) {
    const unknown = `error looking up logging plugin ${type}: plugin ${JSON.stringify(type)} not found`;
    throw invalid(unavailability(type) ?? unknown);
  }
  checkLogOptions(driver, config.Config ?? {});
}

/** @throws EngineError invalid with dockerd's texts */
export function checkLogOptions(driver: LogDriver, options: LogOptions): void {
  const { options: known, title, quotesOptions = false } = driver;
  if (known === 'any') return;
  checkMode(options);
  checkCache(options);
  for (const name of Object.keys(options)) {
    if (COMMON.has(name) || known.has(name)) continue;
    throw invalid(`unknown log opt ${quotesOptions ? JSON.stringify(name) : `'${name}'`} for ${title}`);
  }
  driver.check?.(options);
}

function checkMode({ mode = '', 'max-buffer-size': buffer }: LogOptions): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer === undefined) return;
  if (mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  try {
    parseSize(buffer);
  } catch (error) {
    throw invalid(`error parsing option max-buffer-size: ${messageOf(error)}`, error);
  }
}

function checkCache({ 'cache-disabled': disabled = '' }: LogOptions): void {
  if (disabled === '') return;
  try {
    parseBool(disabled);
  } catch (error) {
    throw invalid(`invalid value for option cache-disabled: ${disabled}`, error);
  }
}
