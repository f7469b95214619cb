export type { PullImage } from './routes/images/index.ts';
export type { System } from './routes/system/index.ts';
export { type ApiDeps, createApi } from './server.ts';
export { API_VERSION, MIN_API_VERSION } from './versions/api-version.ts';
