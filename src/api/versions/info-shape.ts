import { compareVersions } from '../../base/versions.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What `info` shows in every version, and what only some do. */
export interface Info extends Fields {
  /** From 1.49 on. */
  readonly FirewallBackend: object;
  /** Before 1.50. */
  readonly BridgeNfIptables: boolean;
  readonly BridgeNfIp6tables: boolean;
  /** Before 1.52. */
  readonly KernelMemoryTCP: boolean;
  /** With `Expected`, the commit that was built for, before 1.49. */
  readonly ContainerdCommit: Fields;
  readonly RuncCommit: Fields;
  readonly InitCommit: Fields;
  /** With the lists of registries that take foreign layers before 1.49. */
  readonly RegistryConfig: Fields;
}

export function infoFor(version: string, info: Info): object {
  const { FirewallBackend, BridgeNfIptables, BridgeNfIp6tables, ...rest } = info;
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
  if (compareVersions(version, '1.52') < 0) return { ...rest, FirewallBackend };
  const { KernelMemoryTCP: _removed, ...newest } = rest;
  return { ...newest, FirewallBackend };
}

function withExpected(commit: Fields): Fields {
  return { ...commit, Expected: commit['ID'] };
}
