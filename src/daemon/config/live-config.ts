import type { Config } from './config.ts';

/**
 * The current configuration. A reload replaces it: code reads an option that a reload may change at the time of use.
 */
export interface LiveConfig {
  current: Config;
}
