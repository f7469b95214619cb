import { mkdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { overwriteFile } from '../../io/index.ts';
import { hostsFile, type Sandbox } from '../../network/index.ts';
import { type ContainerPaths, containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { LinkFacts } from '../relations/links.ts';

const HOST_HOSTS = '/etc/hosts';

/**
 * Makes the container's folder with empty files. Synchronous: a few small writes to the page cache cost less than the
 * hops to a thread and back.
 */
export function makeContainerFolder(paths: ContainerPaths): void {
  mkdirSync(paths.folder, { recursive: true, mode: 0o710 });
}

/** Makes the container's folder with its hostname file. They do not depend on the network, which is set up at the same time. */
export function writeHostname(dataRoot: string, record: ContainerRecord): void {
  const paths = containerPaths(dataRoot, record.id);
  makeContainerFolder(paths);
  overwriteFile(paths.hostname, `${fullHostname(record)}\n`);
}

/** Writes hosts. On the host's network it is a copy of the host's file unless hosts are added. */
export function writeHostsFile(
  dataRoot: string,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  facts: { readonly hostGateways: readonly string[]; readonly links: LinkFacts['hosts'] },
): void {
  const paths = containerPaths(dataRoot, record.id);
  const extraHosts = record.hostConfig.ExtraHosts;
  if (sandbox === undefined && (extraHosts == null || extraHosts.length === 0)) {
    const text = readIfThere(HOST_HOSTS);
    if (text !== undefined) {
      overwriteFile(paths.hosts, text);
      return;
    }
  }
  const addresses = Object.values(sandbox?.endpoints ?? {}).flatMap((endpoint) => [
    endpoint.IPAddress ?? '',
    endpoint.GlobalIPv6Address ?? '',
  ]);
  const { Hostname: hostname = '', Domainname: domainname } = record.config;
  overwriteFile(paths.hosts, hostsFile({ hostname, domainname, addresses, extraHosts, ...facts }));
}

function fullHostname(record: ContainerRecord): string {
  const { Hostname = '', Domainname = '' } = record.config;
  return Domainname === '' ? Hostname : `${Hostname}.${Domainname}`;
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
