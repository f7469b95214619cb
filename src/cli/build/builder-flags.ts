import { type Flag, flag } from '../flags/flag.ts';

/** Flags that every subcommand of buildx has. */
export const BUILDX_FLAGS: readonly Flag[] = [
  flag('--builder', 'string', 'Use this builder: `default` is the only one'),
  flag('-D, --debug', 'bool', 'Show more of errors'),
];
export const TIMEOUT_FLAG: Flag = flag('--timeout', 'duration', 'Wait this long for the builder', { default: '20s' });
