export { CLIENT_API_VERSION, CLIENT_API_VERSION_MIN, compareVersions } from './api-version.ts';
export {
  DEFAULT_SOCKETS,
  type Endpoint,
  formatEndpoint,
  type HostOptions,
  parseHost,
  resolveEndpoints,
  type TlsOptions,
} from './endpoint.ts';
export {
  type ClientOptions,
  EngineClient,
  type EngineRequest,
  type EngineResponse,
  type Hijacked,
  pathSegment,
  type QueryValue,
} from './engine-client.ts';
export { jsonLines, parseJson } from './json.ts';
