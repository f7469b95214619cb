import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';

/** The gateway of an endpoint, by family. '' for none. */
export function gatewayOf({ Gateway = '', IPv6Gateway = '' }: EndpointSettings, family: Family): string {
  return family === 4 ? Gateway : IPv6Gateway;
}

/**
 * Of a container's endpoints, the one that provides its default gateway for a family: of those with a gateway, the one
 * with the highest priority, among equals one with gateways of both families, and then the first by its network's name.
 * Undefined when none has a gateway.
 */
export function defaultGateway<
  T extends { readonly record: { readonly name: string }; readonly settings: EndpointSettings },
>(endpoints: readonly T[], family: Family): T | undefined {
  const [first] = endpoints
    .filter(({ settings }) => gatewayOf(settings, family) !== '')
    .sort(
      (a, b) =>
        (b.settings.GwPriority ?? 0) - (a.settings.GwPriority ?? 0) ||
        Number(isDual(b.settings)) - Number(isDual(a.settings)) ||
        (a.record.name < b.record.name ? -1 : 1),
    );
  return first;
}

function isDual(settings: EndpointSettings): boolean {
  return gatewayOf(settings, 4) !== '' && gatewayOf(settings, 6) !== '';
}
