/** Docker's default where neither image nor container names one. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  readonly hostname: string;
  readonly tty: boolean;
  /** The user's home folder, for HOME where it is unset or empty. */
  readonly home: string;
  /** Variables of links: over the defaults, under the container's own. */
  readonly linked: readonly string[];
  /** Of the container, which has the image's merged in. */
  readonly own: readonly string[];
}

/** What a container's process finds in its environment. */
export function containerEnvironment(input: EnvironmentInput): string[] {
  const defaults = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${input.hostname}`];
  if (input.tty) defaults.push('TERM=xterm');
  const all = overrideEnvironment([...defaults, ...input.linked], input.own).filter((variable) => variable !== 'HOME=');
  return all.some((variable) => nameOf(variable) === 'HOME') ? all : [...all, `HOME=${input.home}`];
}

/** Each of `overrides` replaces its namesake in place, else is appended; a name without `=` removes it. */
export function overrideEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
  if (overrides.length === 0) return [...base];
  const values = new Map(base.map((variable) => [nameOf(variable), variable]));
  for (const variable of overrides) {
    if (variable.includes('=')) values.set(nameOf(variable), variable);
    else values.delete(variable);
  }
  return [...values.values()];
}

function nameOf(variable: string): string {
  const at = variable.indexOf('=');
  return at < 0 ? variable : variable.slice(0, at);
}
