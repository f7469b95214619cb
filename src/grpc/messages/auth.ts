/** moby.filesync.v1.Auth: a client's logins at registries. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, message, repeated, safeInt64, string } from '../protobuf/descriptor.ts';
import { service, unary } from '../service.ts';

export const credentialsRequest = message('moby.filesync.v1.CredentialsRequest', {
  Host: string(1),
});
export type CredentialsRequest = Message<typeof credentialsRequest>;

export const credentialsResponse = message('moby.filesync.v1.CredentialsResponse', {
  Username: string(1),
  Secret: string(2),
});
export type CredentialsResponse = Message<typeof credentialsResponse>;

export const fetchTokenRequest = message('moby.filesync.v1.FetchTokenRequest', {
  ClientID: string(1),
  Host: string(2),
  Realm: string(3),
  Service: string(4),
  Scopes: repeated(string(5)),
});
export type FetchTokenRequest = Message<typeof fetchTokenRequest>;

export const fetchTokenResponse = message('moby.filesync.v1.FetchTokenResponse', {
  Token: string(1),
  ExpiresIn: safeInt64(2),
  IssuedAt: safeInt64(3),
});
export type FetchTokenResponse = Message<typeof fetchTokenResponse>;

export const getTokenAuthorityRequest = message('moby.filesync.v1.GetTokenAuthorityRequest', {
  Host: string(1),
  Salt: bytes(2),
});
export type GetTokenAuthorityRequest = Message<typeof getTokenAuthorityRequest>;

export const getTokenAuthorityResponse = message('moby.filesync.v1.GetTokenAuthorityResponse', {
  PublicKey: bytes(1),
});
export type GetTokenAuthorityResponse = Message<typeof getTokenAuthorityResponse>;

export const verifyTokenAuthorityRequest = message('moby.filesync.v1.VerifyTokenAuthorityRequest', {
  Host: string(1),
  Payload: bytes(2),
  Salt: bytes(3),
});
export type VerifyTokenAuthorityRequest = Message<typeof verifyTokenAuthorityRequest>;

export const verifyTokenAuthorityResponse = message('moby.filesync.v1.VerifyTokenAuthorityResponse', {
  Signed: bytes(1),
});
export type VerifyTokenAuthorityResponse = Message<typeof verifyTokenAuthorityResponse>;

export const auth = service('moby.filesync.v1.Auth', {
  Credentials: unary(credentialsRequest, credentialsResponse),
  FetchToken: unary(fetchTokenRequest, fetchTokenResponse),
  GetTokenAuthority: unary(getTokenAuthorityRequest, getTokenAuthorityResponse),
  VerifyTokenAuthority: unary(verifyTokenAuthorityRequest, verifyTokenAuthorityResponse),
});
