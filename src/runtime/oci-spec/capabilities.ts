import { invalid } from '../../base/errors.ts';

/** linux/capability.h, Linux 5.9 and newer. The index is the capability's number. */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** The capabilities of a container by default, in Docker's order. */
const DEFAULT_CAPABILITIES: readonly Capability[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

const KNOWN: ReadonlySet<string> = new Set(CAPABILITIES);
const ALL = 'ALL';

export interface CapabilityRequest {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/**
 * The capabilities of a container among those `available`. @throws EngineError invalid, as {@link checkCapabilities}
 */
export function containerCapabilities(
  request: CapabilityRequest,
  available: readonly Capability[],
): readonly Capability[] {
  if (request.privileged) return available;
  const { add, drop } = request;
  if (add.length === 0 && drop.length === 0) return DEFAULT_CAPABILITIES.filter((name) => available.includes(name));
  const added = normalise(add, 'CapAdd', available);
  const dropped = normalise(drop, 'CapDrop', undefined);
  if (added.has(ALL)) return dropped.has(ALL) ? available : available.filter((name) => !dropped.has(name));
  const extra = available.filter((name) => added.has(name));
  if (dropped.has(ALL)) return extra;
  const kept = DEFAULT_CAPABILITIES.filter((name) => available.includes(name) && !dropped.has(name));
  return [...kept, ...extra.filter((name) => !kept.includes(name))];
}

/** @throws EngineError invalid for an unknown name, or a capability that this engine does not have itself */
export function checkCapabilities(
  request: Omit<CapabilityRequest, 'privileged'>,
  available: readonly Capability[],
): void {
  normalise(request.add, 'CapAdd', available);
  normalise(request.drop, 'CapDrop', undefined);
}

/** Normalises `net_admin`, `NET_ADMIN` and `CAP_NET_ADMIN` to one name. `ALL` stays unchanged. */
function normalise(
  names: readonly string[],
  field: string,
  available: readonly Capability[] | undefined,
): ReadonlySet<string> {
  const set = new Set<string>();
  for (const name of names) {
    const upper = name.toUpperCase();
    if (upper === ALL) {
      set.add(ALL);
      continue;
    }
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!KNOWN.has(full)) throw invalid(`invalid ${field}: unknown capability: "${full}"`);
    if (available !== undefined && !(available as readonly string[]).includes(full)) {
      throw invalid(
        `invalid ${field}: capability not supported by your kernel or not available in the current environment: "${full}"`,
      );
    }
    set.add(full);
  }
  return set;
}
