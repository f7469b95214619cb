/** A user's credentials for a registry. They are never logged, and never part of an error. */
export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token that a login returned instead of the password. */
  | { readonly kind: 'identityToken'; readonly username: string; readonly token: string }
  /** Sent unchanged as the bearer token. */
  | { readonly kind: 'registryToken'; readonly token: string };

export const ANONYMOUS: Credentials = { kind: 'anonymous' };

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
