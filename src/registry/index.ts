export { type Authentication, OPEN } from './auth/authentication.ts';
export type { Action, Caller } from './auth/caller.ts';
export { type AnsweredRequest, type ServeDeps, serveRequest } from './http/serve-request.ts';
export { createRegistryServer, type ServerTls } from './http/server.ts';
export type { RepositoryName } from './names.ts';
export {
  openRegistry,
  type Registry,
  type RegistryEvent,
  type RegistryEvents,
  type RegistryOptions,
} from './registry.ts';
export { matchesRepository } from './repository-pattern.ts';
