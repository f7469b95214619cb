import { errnoOf, messageOf } from '../../base/errors.ts';
import { overwriteFile } from '../../io/index.ts';
import { hostResolverText, resolvConf, type Sandbox } from '../../network/index.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import { withRunDefaults } from '../model/run-defaults.ts';
import { networkSource } from '../relations/join-namespaces.ts';
import type { World } from '../world.ts';
import { readIfThere } from './etc-files.ts';

export type ResolverFileDeps = Pick<World, 'dataRoot' | 'runDefaults' | 'logger'>;

/** Writes /etc/resolv.conf of a container that starts. `sandbox` is undefined on the host's network. */
export function writeResolvConf(
  world: Pick<World, 'dataRoot' | 'runDefaults'>,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
): void {
  const { resolvConf: path } = containerPaths(world.dataRoot, record.id);
  overwriteFile(path, resolverText(world, record, sandbox?.names !== undefined));
}

/**
 * Writes /etc/resolv.conf of a running container that the engine's name server serves from now on. A file that the
 * container has changed stays.
 */
export function useNameServer(world: ResolverFileDeps, record: ContainerRecord): void {
  const { resolvConf: path } = containerPaths(world.dataRoot, record.id);
  try {
    if (readIfThere(path) === resolverText(world, record, false))
      overwriteFile(path, resolverText(world, record, true));
  } catch (error) {
    // The container's folder is being removed.
    if (errnoOf(error) === 'ENOENT') return;
    world.logger.warn({ containerId: record.id, error: messageOf(error) }, 'cannot update resolv.conf of a container');
  }
}

function resolverText(world: Pick<World, 'runDefaults'>, record: ContainerRecord, hasNames: boolean): string {
  const hostNetwork = networkSource(record).kind === 'host';
  const {
    Dns: dns,
    DnsSearch: dnsSearch,
    DnsOptions: dnsOptions,
  } = withRunDefaults(record.hostConfig, world.runDefaults);
  return resolvConf({ hostText: hostResolverText(hostNetwork), dns, dnsSearch, dnsOptions, hostNetwork, hasNames });
}
