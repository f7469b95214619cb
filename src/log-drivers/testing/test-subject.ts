import { parseNanos } from '../../base/time.ts';
import type { LogSubject } from '../log-sender.ts';

const createdNanos = parseNanos('2026-12-01T01:13:29.392362103Z') ?? 0n;

/** A container, for tests of senders. */
export const testSubject: LogSubject = {
  containerId: '1'.repeat(64),
  containerName: 'web',
  imageId: 'sha256:d4e5221c1e6ae45b844c04d5b3ccb347e0332d19cbd8463bb37932597e39ff67',
  imageName: 'busybox',
  createdNanos,
  entrypoint: '/bin/echo',
  args: ['a', 'b c'],
  daemonName: 'docker',
  hostName: 'vm',
  attributes: { a: '1' },
  env: ['X=Y'],
  labels: { a: '1', b: '2' },
};
