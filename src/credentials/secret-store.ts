/** One login. An identity token has the user name `<token>`, as docker has it. */
export interface Account {
  readonly username: string;
  readonly secret: string;
}

/**
 * Something that keeps secrets, by the key of a registry as docker spells it (`localhost:5000`, `https://index.docker.io/v1/`).
 * Errors never carry a secret.
 */
export interface SecretStore {
  /** As users choose it: `keyring`, `pass`, `file`. */
  readonly name: string;
  /** Whether it can be there at all; looks at the environment and the file system, starts nothing. */
  present(): boolean;
  /** Why it cannot keep anything here, found out by keeping something and reading it back; undefined when it can. */
  obstacle(): Promise<string | undefined>;
  get(server: string): Promise<Account | undefined>;
  store(server: string, account: Account): Promise<void>;
  /** A missing secret is not an error. */
  erase(server: string): Promise<void>;
  /** User names by registry. */
  list(): Promise<ReadonlyMap<string, string>>;
}

/** A failure whose text is for the user. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}
