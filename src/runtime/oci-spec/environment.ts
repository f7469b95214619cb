import { variableName } from '../../base/variable-name.ts';

/** Docker's default when neither the image nor the container sets PATH. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  readonly hostname: string;
  readonly tty: boolean;
  /** The user's home folder, for a HOME that is unset or empty. */
  readonly home: string;
  /** Variables of links. They override the defaults; the container's own override them. */
  readonly linked: readonly string[];
  /** Variables of the container, merged with the image's. */
  readonly own: readonly string[];
}

/** Builds the environment of a container's process. */
export function containerEnvironment(input: EnvironmentInput): string[] {
  const defaults = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${input.hostname}`];
  if (input.tty) defaults.push('TERM=xterm');
  const all = overrideEnvironment([...defaults, ...input.linked], input.own).filter((variable) => variable !== 'HOME=');
  return all.some((variable) => variableName(variable) === 'HOME') ? all : [...all, `HOME=${input.home}`];
}

/**
 * Each of `overrides` replaces the variable of the same name in place, or is appended. A name without `=` removes the
 * variable.
 */
export function overrideEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
  if (overrides.length === 0) return [...base];
  const values = new Map(base.map((variable) => [variableName(variable), variable]));
  for (const variable of overrides) {
    if (variable.includes('=')) values.set(variableName(variable), variable);
    else values.delete(variable);
  }
  return [...values.values()];
}
