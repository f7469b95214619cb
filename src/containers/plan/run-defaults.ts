import type { HostConfig } from '../../spec/index.ts';

/**
 * What the engine's flags add to a container that says nothing of it. Inspect does not show it (as with dockerd), and a
 * changed flag holds from a container's next start.
 */
export interface RunDefaults {
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** Undefined for the engine's own. */
  readonly cgroupParent: string | undefined;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

export const NO_RUN_DEFAULTS: RunDefaults = {
  init: false,
  noNewPrivileges: false,
  cgroupParent: undefined,
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
};

/** The host config that a run obeys. */
export function withRunDefaults(hostConfig: HostConfig, defaults: RunDefaults): HostConfig {
  const { Init, SecurityOpt, CgroupParent, Dns, DnsSearch, DnsOptions } = hostConfig;
  const cgroupParent = CgroupParent || defaults.cgroupParent;
  return {
    ...hostConfig,
    ...(Init == null && defaults.init ? { Init: true } : {}),
    // Before the container's own: the last one wins, so that `no-new-privileges=false` lifts it.
    ...(defaults.noNewPrivileges ? { SecurityOpt: ['no-new-privileges', ...(SecurityOpt ?? [])] } : {}),
    ...(cgroupParent ? { CgroupParent: cgroupParent } : {}),
    Dns: hasItems(Dns) ? Dns : defaults.dns,
    DnsSearch: hasItems(DnsSearch) ? DnsSearch : defaults.dnsSearch,
    DnsOptions: hasItems(DnsOptions) ? DnsOptions : defaults.dnsOptions,
  };
}

function hasItems<T>(list: readonly T[] | null | undefined): list is readonly T[] {
  return list != null && list.length > 0;
}
