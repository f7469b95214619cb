import type { EndpointSettings } from '../../spec/index.ts';
import type { Endpoint, NetworkDriver } from './driver.ts';
import { checkEndpoint, endpointSettings } from './endpoint-settings.ts';
import { refuseLimits } from './traffic-limits.ts';

/** `null`: a sandbox with only its loopback. It also serves `host`, which has no sandbox. */
export const nullDriver: NetworkDriver = {
  publishing: () => undefined,
  checkNetwork() {},
  needsGateway: () => false,
  hostPlan: () => undefined,
  checkEndpoint(record, asked) {
    checkEndpoint(record, asked);
    refuseLimits(record, asked);
  },
  connect: (_record, settings: EndpointSettings): Endpoint => ({
    settings: endpointSettings(settings, {}),
    link: undefined,
  }),
  use: () => ({}),
  adopt() {},
  disconnect() {},
  presentLink: () => undefined,
  forget() {},
};
