export { type ConfigJson, changeConfigFile, section } from './config-file.ts';
export { OWN_HELPER } from './credential-helper.ts';
export {
  allCredentials,
  eraseCredentials,
  findCredentials,
  HUB_SERVER,
  type KeptIn,
  serverKey,
  storeCredentials,
} from './credential-store.ts';
export type { LoginDeps } from './login-deps.ts';
export { encodeAuth, registryAuth } from './registry-auth.ts';
export type { StoredCredentials } from './stored-credentials.ts';
