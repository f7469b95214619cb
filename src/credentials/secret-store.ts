/** One login. As in docker, an identity token has the user name `<token>`. */
export interface Account {
  readonly username: string;
  readonly secret: string;
}

/**
 * A store of secrets, by docker's key of a registry (`localhost:5000`, `https://index.docker.io/v1/`). Errors never
 * contain a secret.
 *
 * One life: of the stores that are `present`, the first without an `obstacle` is chosen. A login `store`s an account, each
 * pull and push `get`s it, a logout `erase`s it. `list` is for the user alone.
 */
export interface SecretStore {
  /** The name for users: `keyring`, `pass`, `file`. */
  readonly name: string;
  /** Whether the store may exist here. It checks the environment and the file system, and starts no program. */
  present(): boolean;
  /**
   * The reason why the store cannot keep secrets here. It stores a secret and reads it back. Undefined when the store
   * works.
   */
  obstacle(): Promise<string | undefined>;
  get(server: string): Promise<Account | undefined>;
  store(server: string, account: Account): Promise<void>;
  /** A missing secret is not an error. */
  erase(server: string): Promise<void>;
  /** User names by registry. */
  list(): Promise<ReadonlyMap<string, string>>;
}

/** An error whose text is for the user. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}
