import { compareRecords } from './compare-records.ts';
import { LOG_DIFFERENCES } from './log-options.differences.ts';

compareRecords('options of log drivers', ['log-options'], LOG_DIFFERENCES);
