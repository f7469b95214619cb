import { join } from 'node:path';
import { findLogDriver, logDriverOf } from '../../log-drivers/index.ts';
import type { LogConfig } from '../../spec/index.ts';

/**
 * The paths of a container's folder beneath the data root. No other code builds them.
 *
 *     containers/<id>/hostname  hosts  resolv.conf    bind-mounted into /etc, written by each start
 *     containers/<id>/<id>-json.log  .1  .2.gz …      the log, written and rotated by the supervisor
 *     containers/<id>/sent-log.json                   up to where the log has been sent to its receiver
 */
export interface ContainerPaths {
  readonly folder: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  readonly log: string;
  readonly sentLog: string;
}

export function containerPaths(dataRoot: string, id: string): ContainerPaths {
  const folder = join(containersFolder(dataRoot), id);
  return {
    folder,
    hostname: join(folder, 'hostname'),
    hosts: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    log: join(folder, `${id}-json.log`),
    sentLog: join(folder, 'sent-log.json'),
  };
}

export function containersFolder(dataRoot: string): string {
  return join(dataRoot, 'containers');
}

/** `LogPath` of inspect. Empty unless the log driver writes a file that users may read. */
export function logPathOf(dataRoot: string, id: string, config: LogConfig | undefined): string {
  return findLogDriver(logDriverOf(config))?.showsPath === true ? containerPaths(dataRoot, id).log : '';
}
