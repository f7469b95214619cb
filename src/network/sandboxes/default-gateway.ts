import type { EndpointSettings } from '../../spec/index.ts';

/**
 * Of a container's networks, the one that provides its default gateway: the network with the highest priority, and
 * among equals the first by name.
 */
export function defaultGatewayNetwork<
  T extends { readonly record: { readonly name: string }; readonly asked: EndpointSettings },
>(networks: readonly T[]): T | undefined {
  const [first] = [...networks].sort(
    (a, b) => (b.asked.GwPriority ?? 0) - (a.asked.GwPriority ?? 0) || (a.record.name < b.record.name ? -1 : 1),
  );
  return first;
}
