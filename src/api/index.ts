export type { RegistryUsage } from './routes/system/disk-usage.ts';
export type { System } from './routes/system/index.ts';
export { type ApiDeps, createApi } from './server.ts';
export { API_VERSION, MIN_API_VERSION } from './versions/api-version.ts';
export type { Info } from './versions/info-shape.ts';
