import type { EndpointSettings } from '../../spec/index.ts';

/**
 * Of a container's endpoints, the one that provides its default gateway: of those with a gateway, the one with the highest
 * priority, and among equals the first by its network's name. Undefined when none has a gateway.
 */
export function defaultGateway<
  T extends { readonly record: { readonly name: string }; readonly settings: EndpointSettings },
>(endpoints: readonly T[]): T | undefined {
  const [first] = endpoints
    .filter(({ settings }) => (settings.Gateway ?? '') !== '')
    .sort(
      (a, b) => (b.settings.GwPriority ?? 0) - (a.settings.GwPriority ?? 0) || (a.record.name < b.record.name ? -1 : 1),
    );
  return first;
}
