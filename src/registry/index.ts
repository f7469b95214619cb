export { type Authentication, OPEN } from './auth/authentication.ts';
export { basicAuthentication } from './auth/basic.ts';
export { bearerAuthentication } from './auth/bearer.ts';
export type { Action, Caller } from './auth/caller.ts';
export { type Passwords, parseHtpasswd } from './auth/htpasswd.ts';
export { EVERYTHING, type Right } from './auth/rights.ts';
export { parseTokenKeys } from './auth/verify-token.ts';
export { createMetrics, type RegistryMetrics } from './metrics.ts';
export type { RepositoryName } from './names.ts';
export { createWebhook, type Webhook, type WebhookDeps, type WebhookOptions } from './notifications/webhook.ts';
export type { CacheOptions } from './pull-through/pull-through-cache.ts';
export type { Upstream, UpstreamSink } from './pull-through/upstream.ts';
export {
  openRegistry,
  type Registry,
  type RegistryEvent,
  type RegistryEvents,
  type RegistryOptions,
} from './registry.ts';
export { matchesRepository } from './repository-pattern.ts';
export { type AnsweredRequest, type ServeDeps, serveRequest } from './server/serve-request.ts';
export { createRegistryServer, type ServerTls } from './server/server.ts';
export type { EngineNames } from './storage/local-images.ts';
export { emptyTables, openTables } from './storage/records.ts';
