import type { Variables } from '../expand/expanded.ts';

/** The environment of a stage's steps. The order is that of BuildKit: what is set again goes to the end. */
export class EnvList implements Variables {
  readonly #values: Map<string, string>;

  constructor(base?: EnvList) {
    this.#values = new Map(base === undefined ? [] : base.#values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  set(name: string, value: string): void {
    this.#values.delete(name);
    this.#values.set(name, value);
  }

  /** `NAME=value` each. */
  list(): string[] {
    return [...this.#values].map(([name, value]) => `${name}=${value}`);
  }
}

/** Sets a variable in an image's list, in its old place. */
export function withVariable(list: readonly string[], name: string, value: string): string[] {
  const entry = `${name}=${value}`;
  const at = list.findIndex((each) => variableName(each) === name);
  return at < 0 ? [...list, entry] : list.with(at, entry);
}

export function variableName(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

export function variableValue(entry: string): string {
  const at = entry.indexOf('=');
  return at < 0 ? '' : entry.slice(at + 1);
}
