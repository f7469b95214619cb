import { EngineError } from '../../base/errors.ts';

/**
 * The engine's nftables table, as text for nft(8). Each engine has a table of its own, which keeps it apart from other
 * engines and from others' rules. Each published port is one map element, found in O(1).
 */

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** One published port in the firewall. */
export interface PortElement {
  /** An address of the host. Null for every local address. */
  readonly hostAddress: string | null;
  readonly protocol: PortProtocol;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** A bridge that the table serves. */
export interface BridgeRules {
  readonly bridge: string;
  /** `172.17.0.0/16` */
  readonly subnet: string;
  /** Whether outgoing connections take the host's address. */
  readonly masquerade: boolean;
  /** Whether containers on the bridge may connect to each other. */
  readonly interContainer: boolean;
}

const CHAINS = ['raw_prerouting', 'published', 'prerouting', 'output', 'postrouting', 'forward'] as const;

/** @throws EngineError invalid for a name that nft or a shell could misread */
export function checkTableName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,60}$/.test(name)) throw new EngineError('invalid', `invalid table name: ${name}`);
  return name;
}

/**
 * Makes the table, or updates its rules; elements of the maps stay. One transaction. May be repeated. Local ports are
 * matched before routing (from outside and from containers) and on output (from the host).
 */
export function renderTable(table: string, bridges: readonly BridgeRules[]): string {
  return `add table ip ${table}
add map ip ${table} ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map ip ${table} address_ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add chain ip ${table} raw_prerouting { type filter hook prerouting priority -300; policy accept; }
add chain ip ${table} published
add chain ip ${table} prerouting { type nat hook prerouting priority -100; policy accept; }
add chain ip ${table} output { type nat hook output priority -100; policy accept; }
add chain ip ${table} postrouting { type nat hook postrouting priority 100; policy accept; }
add chain ip ${table} forward { type filter hook forward priority 0; policy accept; }
${CHAINS.map((chain) => `flush chain ip ${table} ${chain}\n`).join('')}
add rule ip ${table} published dnat ip to ip daddr . meta l4proto . th dport map @address_ports
add rule ip ${table} published dnat ip to meta l4proto . th dport map @ports
add rule ip ${table} prerouting ip daddr 127.0.0.0/8 return
add rule ip ${table} prerouting fib daddr type local jump published
add rule ip ${table} output fib daddr type local jump published
${bridges.map((bridge) => bridgeRules(table, bridge)).join('')}`;
}

function bridgeRules(table: string, { bridge, subnet, masquerade, interContainer }: BridgeRules): string {
  const add = `add rule ip ${table}`;
  return `${add} raw_prerouting iifname "${bridge}" ip daddr 127.0.0.0/8 drop comment "route_localnet is for the host only"
${add} postrouting oifname "${bridge}" ip saddr 127.0.0.0/8 masquerade comment "published ports by localhost"
${add} postrouting oifname "${bridge}" ip saddr ${subnet} ct status dnat masquerade comment "published ports from containers and from itself"
${masquerade ? `${add} postrouting oifname != "${bridge}" ip saddr ${subnet} masquerade\n` : ''}${add} forward oifname "${bridge}" ct state established,related accept
${add} forward oifname "${bridge}" ct status dnat accept
${interContainer ? `${add} forward iifname "${bridge}" oifname "${bridge}" accept\n` : ''}${add} forward oifname "${bridge}" drop comment "what is not published"
`;
}

/** Takes effect with the rest of the transaction. An existing element with the same target is no error. */
export function renderAddElements(table: string, elements: readonly PortElement[]): string {
  return commands('add', table, elements);
}

/** The transaction fails when an element is missing. */
export function renderDeleteElements(table: string, elements: readonly PortElement[]): string {
  return commands('delete', table, elements);
}

/** Replaces all elements by these in one transaction: connections never see a table without them. */
export function renderReplaceElements(table: string, elements: readonly PortElement[]): string {
  return `flush map ip ${table} ports\nflush map ip ${table} address_ports\n${renderAddElements(table, elements)}`;
}

/** May be repeated. */
export function renderDeleteTable(table: string): string {
  return `add table ip ${table}\ndelete table ip ${table}\n`;
}

function commands(verb: 'add' | 'delete', table: string, elements: readonly PortElement[]): string {
  const anywhere: string[] = [];
  const bound: string[] = [];
  for (const { hostAddress, protocol, hostPort, address, port } of elements) {
    const value = verb === 'add' ? ` : ${address} . ${port}` : '';
    if (hostAddress === null) anywhere.push(`${protocol} . ${hostPort}${value}`);
    else bound.push(`${hostAddress} . ${protocol} . ${hostPort}${value}`);
  }
  return (
    (anywhere.length > 0 ? `${verb} element ip ${table} ports { ${anywhere.join(', ')} }\n` : '') +
    (bound.length > 0 ? `${verb} element ip ${table} address_ports { ${bound.join(', ')} }\n` : '')
  );
}
