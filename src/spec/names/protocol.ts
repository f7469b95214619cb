/**
 * The protocol between gantry-supervisor and gantry-names, the engine's name server.
 *
 * gantry-names listens on a unix stream socket ({@link nameServerSocket}). One connection at a time is served: a later
 * one replaces it. The client sends {@link NamesHello}, and the server {@link NamesHelloReply}. Then the server
 * sends a {@link NamesResponse} to each {@link NamesRequest}, in order. Both ways carry one JSON object per line.
 *
 * A *sandbox* is a container's network namespace. Containers in it send queries to 127.0.0.11, where two sockets
 * receive them. Both processes hold duplicates of the sockets: whichever dies, its successor takes them from the other
 * by pidfd_getfd(2), and no query is lost. {@link SandboxNames} is everything that the server knows of a sandbox. A
 * new one replaces the one before as a whole.
 */
export const NAMES_PROTOCOL_VERSION = 1;

/** The address at which containers ask, as in Docker. */
export const NAME_SERVER_ADDRESS = '127.0.0.11';

export interface NamesHello {
  readonly version: number;
  /** The client's own pid, for taking over its descriptors. */
  readonly pid: number;
}

export interface NamesHelloReply {
  readonly version: number;
  readonly pid: number;
  /** The sandboxes that the server serves, with the numbers of its descriptors. */
  readonly sandboxes: readonly ServedSandbox[];
}

export interface ServedSandbox {
  readonly names: SandboxNames;
  readonly sockets: NameSockets;
}

/** Descriptors in one of the two processes: a bound UDP socket, and a TCP socket that listens. */
export interface NameSockets {
  readonly udp: number;
  readonly tcp: number;
}

/** A sandbox: what it is called on its networks, and how its own queries are answered. */
export interface SandboxNames {
  readonly sandboxId: string;
  /** Path of the mounted network namespace, from which queries to servers of `--dns` are sent. */
  readonly netnsPath: string;
  /** In the order in which the networks are searched. */
  readonly endpoints: readonly EndpointNames[];
  readonly forward: Forwarding;
}

export interface EndpointNames {
  readonly networkId: string;
  /** Queries may name it too: `web.<network>`. */
  readonly network: string;
  /** Names of the container on this network, the one for reverse queries first. */
  readonly names: readonly string[];
  /** IPv4 and IPv6 addresses. */
  readonly addresses: readonly string[];
  /** What this container alone calls others of the network (`--link NAME:ALIAS`). These precede names. */
  readonly links?: readonly NameLink[];
}

export interface NameLink {
  readonly alias: string;
  readonly name: string;
}

export interface Forwarding {
  /** False for a container whose networks are all internal. */
  readonly enabled: boolean;
  /** Addresses of `--dns`. Empty for the servers of the host's resolver file, which is followed as it changes. */
  readonly servers: readonly string[];
}

export type NamesRequest =
  /** Serves a sandbox, or replaces its names. `sockets` are descriptors of the client, absent when the server has them. */
  | { readonly id: number; readonly op: 'put'; readonly names: SandboxNames; readonly sockets?: NameSockets }
  /** Forgets sandboxes and closes their sockets. Unknown ones are success. */
  | { readonly id: number; readonly op: 'drop'; readonly sandboxIds: readonly string[] }
  /** Ends the server. */
  | { readonly id: number; readonly op: 'shutdown' };

export type NamesResponse =
  | { readonly id: number; readonly ok: true }
  | { readonly id: number; readonly ok: false; readonly error: string };
