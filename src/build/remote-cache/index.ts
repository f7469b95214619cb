export { inlineCache } from './export/inline-cache.ts';
export { type CacheExporter, type ExportedCache, openCacheExporter } from './export/open-cache-exporter.ts';
export { type AskedCache, type ImportCall, importCache } from './import/import-cache.ts';
export type { ImportedCache } from './import/imported-cache.ts';
