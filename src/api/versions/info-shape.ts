import { compareVersions } from '../../base/versions.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `info` with the fields of all versions, including those that only some versions show. */
export interface Info extends Fields {
  /** Shown from 1.49 on. */
  readonly FirewallBackend: object;
  /** Shown from 1.50 on, when there are any. */
  readonly DiscoveredDevices?: readonly object[];
  /** Shown before 1.50. */
  readonly BridgeNfIptables: boolean;
  readonly BridgeNfIp6tables: boolean;
  /** Shown before 1.52. */
  readonly KernelMemoryTCP: boolean;
  /** Before 1.49 with `Expected`, the expected commit. */
  readonly ContainerdCommit: Fields;
  readonly RuncCommit: Fields;
  readonly InitCommit: Fields;
  /** Before 1.49 with the lists of registries that accept foreign layers. */
  readonly RegistryConfig: Fields;
}

export function infoFor(version: string, info: Info): object {
  const { FirewallBackend, BridgeNfIptables, BridgeNfIp6tables, DiscoveredDevices, ...rest } = info;
  const devices = DiscoveredDevices === undefined ? {} : { DiscoveredDevices };
  if (compareVersions(version, '1.49') < 0) {
    const { ContainerdCommit, RuncCommit, InitCommit, RegistryConfig } = rest;
    return {
      ...rest,
      BridgeNfIptables,
      BridgeNfIp6tables,
      ContainerdCommit: withExpected(ContainerdCommit),
      RuncCommit: withExpected(RuncCommit),
      InitCommit: withExpected(InitCommit),
      RegistryConfig: {
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
        ...RegistryConfig,
      },
    };
  }
  if (compareVersions(version, '1.50') < 0) return { ...rest, FirewallBackend, BridgeNfIptables, BridgeNfIp6tables };
  if (compareVersions(version, '1.52') < 0) return { ...rest, ...devices, FirewallBackend };
  const { KernelMemoryTCP: _removed, ...newest } = rest;
  return { ...newest, ...devices, FirewallBackend };
}

function withExpected(commit: Fields): Fields {
  return { ...commit, Expected: commit['ID'] };
}
