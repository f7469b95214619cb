import { type Flag, flag } from '../flags/flag.ts';
import { TIMEOUT, WAIT_TIMEOUT } from './shared-flags.ts';

/** Flags of `up` and `create`. */
export const CREATE_FLAGS: readonly Flag[] = [
  flag('--build', 'bool', 'Build images before containers are created'),
  flag('--force-recreate', 'bool', 'Recreate containers even if nothing has changed'),
  flag('--no-build', 'bool', 'Do not build images'),
  flag('--no-recreate', 'bool', 'Keep containers that are there, even if their configuration has changed'),
  flag('--pull', 'string', 'Set when images are pulled ("always", "missing", "never", "policy")', {
    default: 'policy',
  }),
  flag('--quiet-pull', 'bool', 'Pull without progress'),
  flag('--remove-orphans', 'bool', 'Remove containers of services that the Compose files do not have'),
  flag('--scale', 'list', 'Set the number of containers of a service (SERVICE=NUMBER)'),
  flag('-y, --yes', 'bool', 'Answer "yes" to all questions'),
];

export const UP_FLAGS: readonly Flag[] = [
  ...CREATE_FLAGS,
  flag('--abort-on-container-exit', 'bool', 'Stop all containers when one has ended'),
  flag('--abort-on-container-failure', 'bool', 'Stop all containers when one has failed'),
  flag('--always-recreate-deps', 'bool', 'Recreate containers of dependencies too'),
  flag('--attach', 'list', 'Show the output of these services alone'),
  flag('--attach-dependencies', 'bool', 'Show the output of dependencies too'),
  flag('-d, --detach', 'bool', 'Leave the containers running in the background'),
  flag('--exit-code-from', 'string', "Return the exit code of this service's container; stops all when one has ended"),
  flag('--menu', 'bool', 'Show a line of keys in a terminal: watch, detach (--menu=false hides it)'),
  flag('--no-attach', 'list', 'Do not show the output of these services'),
  flag('--no-color', 'bool', 'Show output without colors'),
  flag('--no-deps', 'bool', 'Do not start what the services depend on'),
  flag('--no-log-prefix', 'bool', 'Show output without the names of containers'),
  flag('--no-start', 'bool', 'Create the containers, and do not start them'),
  flag('--quiet-build', 'bool', 'Build without progress'),
  flag('--rollback', 'bool', 'Put replaced containers back when their successors do not become healthy'),
  flag('-V, --renew-anon-volumes', 'bool', 'Give recreated containers new anonymous volumes'),
  TIMEOUT,
  flag('--timestamps', 'bool', 'Show the times of lines'),
  flag('--wait', 'bool', 'Wait until the services run, or are healthy where they have a health check'),
  WAIT_TIMEOUT,
  flag('-w, --watch', 'bool', 'Follow the files that develop.watch names'),
];
