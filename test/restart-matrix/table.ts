import type { Row } from './row.ts';
import { attach, terminal } from './rows/attach.ts';
import { binds } from './rows/binds.ts';
import { buildCache, runningBuild } from './rows/builds.ts';
import { containerNames, nameServer } from './rows/container-names.ts';
import { copy } from './rows/copy.ts';
import { diff, emptyDiff } from './rows/diff.ts';
import { exec, runningExec } from './rows/exec.ts';
import { files } from './rows/files.ts';
import { folders } from './rows/folders.ts';
import { health } from './rows/health.ts';
import { joined } from './rows/joined.ts';
import { logForwarding } from './rows/log-forwarding.ts';
import { logs } from './rows/logs.ts';
import { macvlan } from './rows/macvlan.ts';
import { memoryMounts } from './rows/memory-mounts.ts';
import { mountTable } from './rows/mount-table.ts';
import { links, names } from './rows/names.ts';
import { networks } from './rows/networks.ts';
import { pluginNetwork } from './rows/plugin-network.ts';
import { ports } from './rows/ports.ts';
import { autoRemove, endsLater, endsMeanwhile, restartPolicy, stoppedByHand } from './rows/restart-policy.ts';
import { events, inspection, paused } from './rows/state.ts';
import { stats } from './rows/stats.ts';
import { trafficLimits } from './rows/traffic-limits.ts';
import { udpPorts } from './rows/udp-ports.ts';
import { limitedRoot, limitedVolume, mountedVolume, pluginVolume, volumes, volumesFrom } from './rows/volumes.ts';

/** Each line is one container of every way. A row that refers to another's container comes after it. */
export const ROWS: readonly Row[] = [
  mountTable,
  folders,
  emptyDiff,
  diff,
  files,
  volumes,
  volumesFrom,
  mountedVolume,
  pluginVolume,
  limitedVolume,
  limitedRoot,
  binds,
  memoryMounts,
  exec,
  runningExec,
  attach,
  terminal,
  logs,
  logForwarding,
  names,
  links,
  ports,
  udpPorts,
  networks,
  macvlan,
  pluginNetwork,
  trafficLimits,
  containerNames,
  nameServer,
  health,
  restartPolicy,
  stoppedByHand,
  endsMeanwhile,
  endsLater,
  autoRemove,
  stats,
  copy,
  inspection,
  events,
  paused,
  joined,
  buildCache,
  runningBuild,
];
