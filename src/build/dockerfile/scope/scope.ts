import type { Variables } from '../expand/expanded.ts';

/** The variables of a stage at one point. A stage that is built on another sees that stage's variables below its own. */
export class Scope implements Variables {
  readonly #base: Scope | undefined;
  readonly #values = new Map<string, string>();
  readonly #declared = new Set<string>();

  constructor(base?: Scope) {
    this.#base = base;
  }

  get(name: string): string | undefined {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#base) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** Notes that an ARG names a variable, with or without a value. */
  declare(name: string): void {
    this.#declared.add(name);
  }

  isDeclared(name: string): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#base) {
      if (scope.#declared.has(name)) return true;
    }
    return false;
  }

  /** The names of variables with a value, own ones first. A name may come twice. */
  *names(limit = Number.POSITIVE_INFINITY): Iterable<string> {
    let count = 0;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#base) {
      for (const name of scope.#values.keys()) {
        if (count === limit) return;
        count += 1;
        yield name;
      }
    }
  }
}
