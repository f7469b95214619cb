import { compareRecords } from './compare-records.ts';
import { DIFFERENCES } from './differences.ts';

compareRecords(
  'networks and volumes',
  ['', '-flags', '-requests', '-unusual'].map((part) => `network-and-volume${part}`),
  DIFFERENCES,
);
