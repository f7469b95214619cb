/** Rules for paths, as a tree of their keys. `*` stands for every key and every index. */
interface Branch<T> {
  readonly branches: Map<string, Branch<T>>;
  rule: T | undefined;
}

/** Where a walk through a project is in a set of rules. */
export class Rules<T> {
  readonly #branches: readonly Branch<T>[];

  private constructor(branches: readonly Branch<T>[]) {
    this.#branches = branches;
  }

  /** Rules by path: `services.*.build.args`. */
  static of<T>(table: Readonly<Record<string, T>>): Rules<T> {
    const root: Branch<T> = { branches: new Map(), rule: undefined };
    for (const [path, rule] of Object.entries(table)) {
      let branch = root;
      for (const key of path.split('.')) {
        const next = branch.branches.get(key) ?? { branches: new Map<string, Branch<T>>(), rule: undefined };
        branch.branches.set(key, next);
        branch = next;
      }
      branch.rule = rule;
    }
    return new Rules([root]);
  }

  /** The rules below a key. */
  under(key: string): Rules<T> {
    return new Rules(
      this.#branches.flatMap(({ branches }) => {
        const exact = branches.get(key);
        const any = key === '*' ? undefined : branches.get('*');
        return [...(exact === undefined ? [] : [exact]), ...(any === undefined ? [] : [any])];
      }),
    );
  }

  /** The rule for this very path. */
  get rule(): T | undefined {
    return this.#branches.find(({ rule }) => rule !== undefined)?.rule;
  }

  /** Whether no rule is below. */
  get isDone(): boolean {
    return this.#branches.every(({ branches }) => branches.size === 0);
  }
}
