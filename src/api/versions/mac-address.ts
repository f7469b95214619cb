import { invalid } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';
import type { CreateContainerBody, EndpointSettings } from '../../spec/index.ts';

const DEPRECATED =
  'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';

type Endpoints = Readonly<Record<string, EndpointSettings | null>>;

/**
 * Up to 1.43 a container has one hardware address, `MacAddress`, and those of endpoints are ignored. From 1.44 on each
 * endpoint has its own, and the container's applies to its main network.
 * @throws EngineError invalid with dockerd's texts
 */
export function macAddressFor(
  version: string,
  body: CreateContainerBody,
): { readonly body: CreateContainerBody; readonly warnings: readonly string[] } {
  const { MacAddress: address = '', ...rest } = body;
  const mode = body.HostConfig?.NetworkMode ?? '';
  const network = mode === '' || mode === 'default' ? 'bridge' : mode;
  const hasNetwork = network !== 'host' && network !== 'none' && !network.startsWith('container:');
  const endpoints: Endpoints = body.NetworkingConfig?.EndpointsConfig ?? {};
  if (compareVersions(version, '1.44') < 0) {
    if (address !== '' && !hasNetwork) throw invalid('conflicting options: mac-address and the network mode');
    return { body: withEndpoints(body, mapValues(endpoints, withoutAddress)), warnings: [] };
  }
  if (address === '') return { body, warnings: [] };
  if (!hasNetwork) return { body: rest, warnings: [DEPRECATED] };
  if (Object.keys(endpoints).length > 0) checkMain(endpoints, network, address);
  return { body, warnings: [DEPRECATED] };
}

function checkMain(endpoints: Endpoints, network: string, address: string): void {
  const main = endpoints[network] ?? (network === 'bridge' ? endpoints['default'] : undefined);
  if (main === undefined) {
    throw invalid(
      'if a container-wide MAC address is supplied, HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks',
    );
  }
  const own = main?.MacAddress ?? '';
  if (own !== '' && own !== address) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
}

function withEndpoints(body: CreateContainerBody, endpoints: Endpoints): CreateContainerBody {
  if (Object.keys(endpoints).length === 0) return body;
  return { ...body, NetworkingConfig: { ...body.NetworkingConfig, EndpointsConfig: endpoints } };
}

function withoutAddress(settings: EndpointSettings | null): EndpointSettings | null {
  if (settings === null) return null;
  const { MacAddress: _ignored, ...others } = settings;
  return others;
}

function mapValues(
  endpoints: Endpoints,
  change: (value: EndpointSettings | null) => EndpointSettings | null,
): Endpoints {
  return Object.fromEntries(Object.entries(endpoints).map(([name, value]) => [name, change(value)]));
}
