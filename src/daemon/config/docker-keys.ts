/**
 * A key of dockerd's daemon.json that this engine knows and does not use, so that a file of Docker's starts here.
 * Leaving the key out is either harmless, and a warning says so, or changes the security, and the key is refused.
 */
export interface DockerKey {
  readonly key: string;
  /** The engine's behaviour instead, for the warning: a sentence without its period. */
  readonly instead: string;
  /** Whether a value asks for protection that this engine lacks, or forbids it to change the firewall. */
  readonly isRefused?: (value: unknown) => boolean;
}

const isTrue = (value: unknown): boolean => value === true;
const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const NO_SWARM = 'Gantry has no swarm mode yet';
const NO_CONTAINERD = 'Gantry runs containers without containerd';

/** By key. `docs/configuration.md` lists them. */
export const DOCKER_KEYS: ReadonlyMap<string, DockerKey> = new Map(
  (
    [
      {
        key: 'allow-direct-routing',
        instead: 'ports that are not published are reachable only on networks with the gateway mode nat-unprotected',
      },
      { key: 'authorization-plugins', instead: 'there are no authorization plugins yet', isRefused: isFilled },
      { key: 'bridge-accept-fwmark', instead: 'packet marks are ignored' },
      { key: 'builder.entitlements', instead: 'builds may use the network of the host, and nothing else' },
      { key: 'builder.gc.defaultMinFreeSpace', instead: 'the build cache is limited by its size' },
      { key: 'builder.gc.defaultReservedSpace', instead: 'the build cache is limited by its size' },
      { key: 'builder.gc.policy', instead: 'the build cache has one limit for all kinds of records' },
      { key: 'builder.history', instead: 'the engine keeps a fixed number of builds in the history' },
      { key: 'containerd', instead: NO_CONTAINERD },
      { key: 'containerd-namespace', instead: NO_CONTAINERD },
      { key: 'containerd-plugin-namespace', instead: NO_CONTAINERD },
      { key: 'cpu-rt-period', instead: 'realtime limits are set for each container' },
      { key: 'cpu-rt-runtime', instead: 'realtime limits are set for each container' },
      { key: 'cri-containerd', instead: NO_CONTAINERD },
      { key: 'default-gateway', instead: 'the gateway of containers is the address of the bridge' },
      { key: 'default-gateway-v6', instead: 'the gateway of containers is the address of the bridge' },
      { key: 'default-init', instead: 'containers run without an init process unless they request one' },
      { key: 'default-ipc-mode', instead: 'the IPC mode of containers is private unless they request another' },
      { key: 'default-network-opts', instead: 'networks have only the options of their creation' },
      { key: 'default-stop-timeout', instead: 'a stop waits 10 seconds unless the container sets another time' },
      { key: 'exec-opts', instead: 'the engine creates cgroups itself, without systemd' },
      { key: 'features', instead: 'there are no optional features' },
      { key: 'firewall-backend', instead: 'the firewall is nftables' },
      { key: 'host-gateway-ip', instead: 'host-gateway is the address of the default bridge' },
      { key: 'host-gateway-ips', instead: 'host-gateway is the address of the default bridge' },
      { key: 'ip-forward-no-drop', instead: 'the policy of the forward chain is not changed' },
      { key: 'max-download-attempts', instead: 'interrupted downloads are resumed' },
      { key: 'metrics-addr', instead: 'there are no metrics of the engine yet' },
      { key: 'min-api-version', instead: 'API versions from 1.24 are served' },
      { key: 'network-control-plane-mtu', instead: NO_SWARM },
      { key: 'network-diagnostic-port', instead: 'there is no diagnostic server' },
      { key: 'node-generic-resources', instead: NO_SWARM },
      { key: 'nri-opts', instead: 'there are no NRI plugins' },
      { key: 'raw-logs', instead: 'the log has no colours' },
      { key: 'resolv-conf', instead: "containers get the host's /etc/resolv.conf" },
      { key: 'rootless', instead: 'the engine runs as root', isRefused: isTrue },
      { key: 'seccomp-profile', instead: 'the profile is the built-in one', isRefused: (value) => value !== 'builtin' },
      { key: 'selinux-enabled', instead: 'containers have no SELinux labels', isRefused: isTrue },
      { key: 'storage-opts', instead: 'the storage drivers have no options' },
      { key: 'swarm-default-advertise-addr', instead: NO_SWARM },
      { key: 'swarm-raft-election-tick', instead: NO_SWARM },
      { key: 'swarm-raft-heartbeat-tick', instead: NO_SWARM },
      { key: 'userland-proxy', instead: 'published ports need no proxy process' },
      { key: 'userland-proxy-path', instead: 'published ports need no proxy process' },
    ] satisfies readonly DockerKey[]
  ).map((row) => [row.key, row]),
);
