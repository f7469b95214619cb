import type { Logger } from '../../base/logger.ts';
import type { ContainersDomain } from '../../containers/index.ts';
import { removeTree } from '../../linux/index.ts';
import type { Networks } from '../../network/index.ts';
import type { SupervisedTaskRuntime } from '../../runtime/index.ts';
import { supervisorFolder } from '../../spec/index.ts';
import type { Config } from '../config/config.ts';

/**
 * Ends the daemon. While containers run, everything they use stays, and the next daemon takes it over. Without
 * containers the host becomes as it was before the first start.
 */
export async function endDaemon(engine: {
  readonly config: Config;
  readonly containers: ContainersDomain;
  readonly networks: Networks;
  readonly runtime: SupervisedTaskRuntime;
  readonly logger: Logger;
}): Promise<void> {
  const { config, containers, networks, runtime, logger } = engine;
  await containers.shutdown({ stopContainers: false });
  const { running, paused } = containers.counts();
  if (running + paused > 0) {
    logger.info({ running: running + paused }, 'containers keep running');
    return;
  }
  await networks.tearDown();
  await runtime.shutdown();
  removeTree(supervisorFolder(config.execRoot));
}
