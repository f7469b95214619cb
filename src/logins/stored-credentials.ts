/** A password, or the identity token that a registry issued instead. Empty strings stand for missing values. */
export interface StoredCredentials {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
}
