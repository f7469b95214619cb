import type { Config } from './config.ts';

/** The configuration in force. A reload replaces it: read an option that a reload may change where it is used. */
export interface LiveConfig {
  current: Config;
}
