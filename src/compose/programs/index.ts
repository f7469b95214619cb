export { upModels } from './models.ts';
export { downProvider, upProviders } from './provider.ts';
export type { ProgramHost } from './run-program.ts';
