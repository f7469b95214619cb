/**
 * Runs whose output or exit code differs from docker compose, by project and command line (`*` for all of the project), and why. The texts of errors
 * always differ: ours name file, line and column, and what is allowed. `errors.gantry.txt` has them.
 */
export const DIFFERENCES: readonly {
  readonly project: string;
  readonly runs: readonly string[];
  readonly why: string;
}[] = [
  {
    project: 'extensions: labels that begin with x-',
    runs: ['config', 'config --format json', 'config --hash *'],
    why: 'docker compose turns a label with such a name into a label `#extensions` with a text of Go; ours keeps it',
  },
  {
    project: 'extensions: dates',
    runs: ['config', 'config --format json'],
    why: 'docker compose prints an unquoted date below an x- key as a time of Go; ours keeps its text',
  },
  {
    project: 'flags: folders',
    runs: ['--workdir sub config'],
    why: 'docker compose prints the warning of the old flag in red also where there is no terminal',
  },
  {
    project: 'include: an unknown key',
    runs: ['config'],
    why: 'docker compose ignores unknown keys of an include, which its schema refuses; ours refuses them',
  },
  {
    project: 'merge: resources',
    runs: ['config', 'config --format json'],
    why: 'docker compose mixes pools of different subnets when several are merged; ours merges those with the same subnet',
  },
  {
    project: 'merge: reset in an anchor',
    runs: ['config', 'config --format json', 'config --hash *'],
    why: 'docker compose applies a reset below an anchor only where it is written; ours also where the anchor is used',
  },
  {
    project: 'services: line separators',
    runs: ['config'],
    why: 'docker compose adds spaces behind a line separator (U+2028), which changes the text',
  },
];
