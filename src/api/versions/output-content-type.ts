import { compareVersions } from '../../base/versions.ts';

/** From 1.42 the content type tells multiplexed output from raw; before, both were called raw. */
export function outputContentType(tty: boolean, version: string): string {
  return tty || compareVersions(version, '1.42') < 0
    ? 'application/vnd.docker.raw-stream'
    : 'application/vnd.docker.multiplexed-stream';
}
