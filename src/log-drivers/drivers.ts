import { ownValue } from '../base/own-value.ts';
import { fluentd } from './fluentd/fluentd.ts';
import { gelf } from './gelf/gelf.ts';
import { journald } from './journald/journald.ts';
import { jsonFile } from './json-file.ts';
import { local } from './local.ts';
import type { LogDriver } from './log-driver.ts';
import { none } from './none.ts';
import { splunk } from './splunk/splunk.ts';
import { syslog } from './syslog/syslog.ts';

const DRIVERS: Readonly<Record<string, LogDriver>> = Object.fromEntries(
  [fluentd, gelf, journald, jsonFile, local, none, splunk, syslog].map((driver) => [driver.name, driver]),
);

export function findLogDriver(name: string): LogDriver | undefined {
  return ownValue(DRIVERS, name);
}

/** Names for `info`, sorted. As dockerd's they are those of drivers that keep or send something. */
export function logDriverNames(): readonly string[] {
  return Object.values(DRIVERS)
    .filter(({ keepsOutput }) => keepsOutput)
    .map(({ name }) => name)
    .sort();
}
