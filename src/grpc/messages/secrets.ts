/** moby.buildkit.secrets.v1: secrets of the client. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, map, message, string } from '../protobuf/descriptor.ts';
import { service, unary } from '../service.ts';

export const getSecretRequest = message('moby.buildkit.secrets.v1.GetSecretRequest', {
  ID: string(1),
  annotations: map(string(2)),
});
export type GetSecretRequest = Message<typeof getSecretRequest>;

export const getSecretResponse = message('moby.buildkit.secrets.v1.GetSecretResponse', {
  data: bytes(1),
});
export type GetSecretResponse = Message<typeof getSecretResponse>;

export const secrets = service('moby.buildkit.secrets.v1.Secrets', {
  GetSecret: unary(getSecretRequest, getSecretResponse),
});
