export { ANONYMOUS, type Credentials } from './auth/credentials.ts';
export { RegistryError } from './errors.ts';
export type { RegistryHostsConfig } from './hosts/registry-hosts.ts';
export { type FileRequest, fetchFile, type RemoteFile } from './http/fetch-file.ts';
export { createNodeTransport, type NodeTransport } from './http/node-transport.ts';
export {
  maskProxy,
  type ProxyRule,
  type ProxySettings,
  parseProxy,
  proxiesOfEnvironment,
  proxyRule,
} from './http/proxies.ts';
export { createRegistries, type Registries, type RegistriesDeps } from './registries.ts';
export type { BlobSink, FetchedManifest, Repository, UploadBlob, UploadOutcome } from './repository/repository.ts';
export type { SearchResult } from './search.ts';
