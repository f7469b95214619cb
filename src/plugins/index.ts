export { createPluginHost, type PluginHostDeps } from './create-plugin-host.ts';
export type { PluginTimes } from './plugin-times.ts';
export type { Plugin, PluginHost, PluginKind } from './plugins.ts';
