import { compareRecords } from './compare-records.ts';
import { CONTAINER_DIFFERENCES } from './containers.differences.ts';

compareRecords('containers', ['containers'], CONTAINER_DIFFERENCES);
