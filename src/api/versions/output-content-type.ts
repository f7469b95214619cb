import { compareVersions } from '../../base/versions.ts';

/** From 1.42 on the content type distinguishes multiplexed from raw output. Before, both were declared as raw. */
export function outputContentType(tty: boolean, version: string): string {
  return tty || compareVersions(version, '1.42') < 0
    ? 'application/vnd.docker.raw-stream'
    : 'application/vnd.docker.multiplexed-stream';
}
