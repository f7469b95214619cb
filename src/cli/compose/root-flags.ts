import { type Flag, flag } from '../flags/flag.ts';

/** Flags between `compose` and its command. */
export const ROOT_FLAGS: readonly Flag[] = [
  flag('--all-resources', 'bool', 'Include all resources, also those that no service uses'),
  flag('--ansi', 'string', 'Control when to print ANSI control characters ("never", "always", "auto")', {
    default: 'auto',
  }),
  flag('--compatibility', 'bool', 'Run in the mode that is compatible with docker-compose 1'),
  flag('--dry-run', 'bool', 'Show what the command would do, and change nothing'),
  flag('--env-file', 'list', 'Read variables from this file instead of .env'),
  flag('-f, --file', 'list', 'Load this Compose file ("-" for standard input)'),
  flag('--insecure-registry', 'list', '', { hidden: true }),
  flag('--no-ansi', 'bool', '', { hidden: true }),
  flag('--parallel', 'int', 'Limit the operations at the same time, -1 for no limit', { default: '-1' }),
  flag('--profile', 'list', 'Enable this profile'),
  flag('--progress', 'string', 'Set the type of progress output (auto, tty, plain, json, quiet)'),
  flag('--project-directory', 'string', 'Set the folder of the project (default: that of the first Compose file)'),
  flag('-p, --project-name', 'string', 'Set the name of the project'),
  flag('--verbose', 'bool', '', { hidden: true }),
  flag('-v, --version', 'bool', '', { hidden: true }),
  flag('--workdir', 'string', '', { hidden: true }),
];
