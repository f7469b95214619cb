import { invalid, messageOf } from '../base/errors.ts';
import type { LogOptions } from './log-options.ts';
import { parseDuration } from './option-values.ts';

/**
 * How long the log of a removed container is kept: the option `keep`, which Docker has not, such as `24h`. 0 without it.
 * @throws EngineError invalid
 */
export function keepMilliseconds({ keep = '' }: LogOptions): number {
  if (keep === '') return 0;
  try {
    const milliseconds = parseDuration(keep);
    if (milliseconds >= 0) return milliseconds;
  } catch (error) {
    throw invalid(`invalid value for log opt 'keep': ${messageOf(error)}`, error);
  }
  throw invalid(`invalid value for log opt 'keep': ${keep} is negative`);
}
