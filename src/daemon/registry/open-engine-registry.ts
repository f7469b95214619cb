import type { ContentStore, StateDb } from '../../store/index.ts';
import type { EngineRegistry, EngineRegistryConfig } from './engine-registry.ts';
import type { OutwardDeps } from './registry-options.ts';

/**
 * Opens the registry within the engine, if one is configured or was configured earlier, since its content must stay.
 * Undefined otherwise: then its code is not loaded.
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
