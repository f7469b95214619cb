import { hasItems } from '../../base/has-items.ts';
import type { HostConfig } from '../../spec/index.ts';

/**
 * The defaults that the engine's flags add to a container. As with dockerd, inspect does not show them, and a changed
 * flag takes effect at a container's next start.
 */
export interface RunDefaults {
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** Undefined for the engine's own cgroup. */
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

/** The host config with the engine's defaults, for a run. */
export function withRunDefaults(hostConfig: HostConfig, defaults: RunDefaults): HostConfig {
  const { Init, SecurityOpt, CgroupParent, Dns, DnsSearch, DnsOptions } = hostConfig;
  const cgroupParent = CgroupParent || defaults.cgroupParent;
  return {
    ...hostConfig,
    ...(Init == null && defaults.init ? { Init: true } : {}),
    // The engine's options precede the container's. The last one wins, so that the container's
    // `no-new-privileges=false` overrides the engine's.
    ...(defaults.noNewPrivileges ? { SecurityOpt: ['no-new-privileges', ...(SecurityOpt ?? [])] } : {}),
    ...(cgroupParent ? { CgroupParent: cgroupParent } : {}),
    Dns: hasItems(Dns) ? Dns : defaults.dns,
    DnsSearch: hasItems(DnsSearch) ? DnsSearch : defaults.dnsSearch,
    DnsOptions: hasItems(DnsOptions) ? DnsOptions : defaults.dnsOptions,
  };
}
