import type { Differences } from './compare-records.ts';

const refusal = (text: string): string =>
  `! docker: Error response from daemon: ${text}\n!\n! Run 'docker run --help' for more information\n= 125`;

/** What our engine prints otherwise than the record of dockerd about containers, by command line, and why. */
export const CONTAINER_DIFFERENCES: Differences = {
  'run --rm --storage-opt size=x busybox true': {
    why: 'ours limits the size of a root on every file system',
    ours: refusal("invalid size: 'x'"),
  },
  'run --rm busybox ls /dev': {
    why: 'crun makes /dev/core, as runc did before 1.3',
    ours: [
      'core',
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ]
      .map((name) => `  ${name}`)
      .join('\n'),
  },
};
