/** A password or, where the registry gives such, an identity token instead of it; empty strings for what there is not. */
export interface StoredCredentials {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
}
