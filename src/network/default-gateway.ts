import type { EndpointSettings } from '../spec/index.ts';

/** Of a container's networks the one with its default gateway: of the highest priority, of several the first by name. */
export function defaultGatewayNetwork<
  T extends { readonly record: { readonly name: string }; readonly asked: EndpointSettings },
>(networks: readonly T[]): T | undefined {
  const [first] = [...networks].sort(
    (a, b) => (b.asked.GwPriority ?? 0) - (a.asked.GwPriority ?? 0) || (a.record.name < b.record.name ? -1 : 1),
  );
  return first;
}
