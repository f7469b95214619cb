import type { Containers } from '../../../containers/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { copyFromContainer, copyToContainer, statContainerPath } from './archive.ts';
import { attachByWebSocket, attachContainer } from './attach.ts';
import { containerChanges } from './changes.ts';
import { createContainer } from './create.ts';
import { exportContainer } from './export.ts';
import { inspectContainer } from './inspect.ts';
import { killContainer } from './kill.ts';
import { listContainers } from './list.ts';
import { containerLogs } from './logs.ts';
import { pauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { removeContainer, removeNamelessContainer } from './remove.ts';
import { renameContainer } from './rename.ts';
import { resizeContainer } from './resize.ts';
import { restartContainer } from './restart.ts';
import { startContainer } from './start.ts';
import { containerStats } from './stats.ts';
import { stopContainer } from './stop.ts';
import { topContainer } from './top.ts';
import { unpauseContainer } from './unpause.ts';
import { updateContainer } from './update.ts';
import { waitContainer } from './wait.ts';

export function containerRoutes(containers: Containers): readonly BoundRoute[] {
  return [
    bind(createContainer, containers),
    bind(listContainers, containers),
    bind(pruneContainers, containers),
    bind(inspectContainer, containers),
    bind(startContainer, containers),
    bind(stopContainer, containers),
    bind(restartContainer, containers),
    bind(killContainer, containers),
    bind(pauseContainer, containers),
    bind(unpauseContainer, containers),
    bind(waitContainer, containers),
    bind(removeContainer, containers),
    bind(removeNamelessContainer, undefined),
    bind(renameContainer, containers),
    bind(updateContainer, containers),
    bind(containerLogs, containers),
    bind(attachContainer, containers),
    bind(attachByWebSocket, containers),
    bind(resizeContainer, containers),
    bind(topContainer, containers),
    bind(containerStats, containers),
    bind(containerChanges, containers),
    bind(exportContainer, containers),
    bind(statContainerPath, containers),
    bind(copyFromContainer, containers),
    bind(copyToContainer, containers),
  ];
}
