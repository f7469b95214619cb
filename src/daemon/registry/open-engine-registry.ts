import type { ContentStore, StateDb } from '../../store/index.ts';
import type { EngineRegistry, EngineRegistryConfig } from './engine-registry.ts';
import type { OutwardDeps } from './registry-options.ts';

/**
 * The registry within the engine, where one is configured or where one was, since what was pushed to it must stay. Undefined
 * for neither: then its code is not even loaded.
 */
export async function openEngineRegistryIfUsed(
  stores: { readonly db: StateDb; readonly content: ContentStore },
  config: EngineRegistryConfig,
  deps: OutwardDeps,
): Promise<EngineRegistry | undefined> {
  const holds = (table: string): boolean => stores.db.table(table, { durable: true }).all().length > 0;
  const isAsked = config.listen !== undefined || config.configFile !== undefined;
  if (!isAsked && !['registry', 'registry_cache'].some((set) => holds(`${set}_blobs`) || holds(`${set}_manifests`)))
    return undefined;
  const { openEngineRegistry } = await import('./engine-registry.ts');
  return openEngineRegistry(stores, config, deps);
}
