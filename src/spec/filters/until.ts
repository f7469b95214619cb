import { invalid } from '../../base/errors.ts';
import { parseMoment } from '../../base/moment.ts';
import type { Nanos } from '../../base/time.ts';
import type { Filters } from './filters.ts';

/** The time of the filter `until` of prunes. Undefined when it is not given. @throws EngineError invalid */
export function untilFilter(filters: Filters, now: Nanos): Nanos | undefined {
  const [value, ...more] = filters['until'] ?? [];
  if (more.length > 0) throw invalid('more than one until filter specified');
  return value === undefined ? undefined : parseMoment(value, now);
}
