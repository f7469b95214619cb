/** Arguments that need no ARG, and that neither the history nor the cache knows. */
const BUILT_IN: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
);

/**
 * The arguments of one build. A *given* argument comes with the request. ARG declares one: before the first FROM as a
 * *global*, whose value an ARG without a default in a stage takes, or in a stage.
 */
export class BuildArgs {
  readonly #given: ReadonlyMap<string, string | undefined>;
  readonly #globals = new Map<string, string | undefined>();
  readonly #used = new Set<string>();
  #declared = new Map<string, string | undefined>();

  constructor(given: ReadonlyMap<string, string | undefined>) {
    this.#given = given;
  }

  /** Forgets what a stage has declared. */
  beginStage(): void {
    this.#declared = new Map();
  }

  declareGlobal(name: string, value: string | undefined): void {
    this.#globals.set(name, value);
    this.#used.add(name);
  }

  declare(name: string, value: string | undefined): void {
    this.#declared.set(name, value);
    this.#used.add(name);
  }

  /** The variables of FROM. */
  globals(): ReadonlyMap<string, string> {
    return this.#values(this.#globals);
  }

  /** The variables of a stage that its environment does not have. */
  beside(environment: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    return new Map([...this.#values(this.#declared)].filter(([name]) => !environment.has(name)));
  }

  /** Whether the argument counts for the history and the cache. */
  counts(name: string): boolean {
    return this.#used.has(name) || !BUILT_IN.has(name);
  }

  /** Given arguments that no ARG declares, by name. */
  unused(): readonly string[] {
    return [...this.#given.keys()].filter((name) => !this.#used.has(name) && !BUILT_IN.has(name)).sort();
  }

  #values(declared: ReadonlyMap<string, string | undefined>): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const name of new Set([...declared.keys(), ...BUILT_IN])) {
      const value = this.#given.get(name) ?? declared.get(name) ?? this.#globals.get(name);
      if (value !== undefined) values.set(name, value);
    }
    return values;
  }
}
