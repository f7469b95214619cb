import type { EndpointSettings } from '../../spec/index.ts';
import type { Endpoint, NetworkDriver } from './driver.ts';
import { endpointSettings } from './endpoint-settings.ts';

/** `none`: a sandbox with only its loopback. It also serves for `host`, which has no sandbox. */
export const nullDriver: NetworkDriver = {
  hostPlan: () => undefined,
  connect: (_record, settings: EndpointSettings): Endpoint => ({
    settings: endpointSettings(settings, {}),
    link: undefined,
  }),
  status: () => undefined,
  adopt() {},
  disconnect() {},
};
