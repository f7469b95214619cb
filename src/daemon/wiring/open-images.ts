import type { Logger } from '../../base/logger.ts';
import type { ContainersDomain } from '../../containers/index.ts';
import type { proxyRule, Registries } from '../../distribution/index.ts';
import type { EventLog } from '../../events/index.ts';
import { createImagePolicy, createImages } from '../../images/index.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Storage } from './open-storage.ts';

export interface OpenImagesDeps {
  readonly settings: LiveConfig;
  readonly storage: Pick<Storage, 'stores'>;
  readonly containers: ContainersDomain;
  readonly registries: Registries;
  readonly proxyOf: ReturnType<typeof proxyRule>;
  readonly events: EventLog;
  readonly logger: Logger;
}

/** Opens the images, and the policy that removes unused ones. `opened` ends the policy. */
export function openImages(deps: OpenImagesDeps, opened: AsyncDisposableStack): ReturnType<typeof createImages> {
  const { settings, containers, registries, proxyOf, events, logger } = deps;
  const { stores } = deps.storage;
  const config = settings.current;
  const shared = { ...stores, users: containers.imageUsers, events, logger };
  const policy = opened.use(createImagePolicy(shared, config.gc));
  return createImages({
    ...shared,
    makeDurable() {
      stores.makeDurable();
      policy.soon();
    },
    containers,
    registries,
    proxyOf,
    get limits() {
      return { ...settings.current.registry, maxLayerBytes: config.unpack.maxBytes };
    },
  });
}
