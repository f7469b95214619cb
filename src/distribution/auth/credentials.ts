/** What a user has for a registry. Never logged, never part of an error. */
export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token that a login gave instead of the password. */
  | { readonly kind: 'identityToken'; readonly username: string; readonly token: string }
  /** Sent as the bearer token as it is. */
  | { readonly kind: 'registryToken'; readonly token: string };

export const ANONYMOUS: Credentials = { kind: 'anonymous' };

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
