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
  /** Such as `172.17.0.0/16`. */
  readonly subnets: readonly string[];
  /** Whether outgoing connections take the host's address. */
  readonly masquerade: boolean;
  /** Whether containers on the bridge may connect to each other. */
  readonly interContainer: boolean;
  /** Whether containers on the bridge reach nothing but each other and the host. */
  readonly internal: boolean;
}

const CHAINS = [
  ...[
    'raw_prerouting',
    'published',
    'prerouting',
    'output',
    'postrouting',
    'forward',
    'into_bridge',
    'out_of_internal',
  ],
] as const;

/** @throws EngineError invalid for a name that nft or a shell could misread */
export function checkTableName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,60}$/.test(name)) throw new EngineError('invalid', `invalid table name: ${name}`);
  return name;
}

/**
 * Makes the table, or updates its rules; elements of maps and sets stay. One transaction. May be repeated. The rules are
 * the same whatever the number of networks: a network is some elements ({@link renderAddNetwork}), so that each packet
 * is matched in O(1). Local ports are matched before routing (from outside and from containers) and on output (from the
 * host).
 */
export function renderTable(table: string): string {
  const rule = (text: string): string => `add rule ip ${table} ${text}\n`;
  return `add table ip ${table}
add map ip ${table} ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map ip ${table} address_ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add set ip ${table} bridges { type ifname; }
add set ip ${table} may_talk { type ifname . ifname; }
add set ip ${table} subnets { type ipv4_addr; flags interval; }
add set ip ${table} masqueraded { type ipv4_addr; flags interval; }
add map ip ${table} into { type ifname : verdict; }
add map ip ${table} out_of { type ifname : verdict; }
add chain ip ${table} raw_prerouting { type filter hook prerouting priority -300; policy accept; }
add chain ip ${table} published
add chain ip ${table} prerouting { type nat hook prerouting priority -100; policy accept; }
add chain ip ${table} output { type nat hook output priority -100; policy accept; }
add chain ip ${table} postrouting { type nat hook postrouting priority 100; policy accept; }
add chain ip ${table} forward { type filter hook forward priority 0; policy accept; }
add chain ip ${table} into_bridge
add chain ip ${table} out_of_internal
${CHAINS.map((chain) => `flush chain ip ${table} ${chain}\n`).join('')}${[
  'raw_prerouting ip daddr 127.0.0.0/8 iifname @bridges drop comment "route_localnet is for the host only"',
  'published dnat ip to ip daddr . meta l4proto . th dport map @address_ports',
  'published dnat ip to meta l4proto . th dport map @ports',
  'prerouting ip daddr 127.0.0.0/8 return',
  'prerouting fib daddr type local jump published',
  'output fib daddr type local jump published',
  'postrouting oifname @bridges ip saddr 127.0.0.0/8 masquerade comment "published ports by localhost"',
  'postrouting oifname @bridges ip saddr @subnets ct status dnat masquerade comment "published ports from containers"',
  'postrouting oifname != @bridges ip saddr @masqueraded masquerade',
  'forward iifname vmap @out_of',
  'forward oifname vmap @into',
  'into_bridge ct state established,related accept',
  'into_bridge ct status dnat accept',
  'into_bridge iifname . oifname @may_talk accept',
  'into_bridge drop comment "what is not published"',
  'out_of_internal iifname . oifname @may_talk accept',
  'out_of_internal ct state established,related accept',
  'out_of_internal drop comment "the network is internal"',
]
  .map(rule)
  .join('')}`;
}

/** The elements of a network. Existing elements with the same values are no error. */
export function renderAddNetwork(table: string, rules: BridgeRules): string {
  return networkElements('add', table, rules);
}

/** Elements that are missing are no error. The transaction fails without the table. */
export function renderDeleteNetwork(table: string, rules: BridgeRules): string {
  return networkElements('add', table, rules) + networkElements('delete', table, rules);
}

/** Replaces the elements of all networks by these in one transaction. */
export function renderReplaceNetworks(table: string, networks: readonly BridgeRules[]): string {
  const flush = [
    ...['bridges', 'may_talk', 'subnets', 'masqueraded'].map((set) => `flush set ip ${table} ${set}\n`),
    ...['into', 'out_of'].map((map) => `flush map ip ${table} ${map}\n`),
  ];
  return flush.join('') + networks.map((network) => renderAddNetwork(table, network)).join('');
}

function networkElements(verb: 'add' | 'delete', table: string, rules: BridgeRules): string {
  const { bridge, subnets, masquerade, interContainer, internal } = rules;
  const verdict = (chain: string): string => `"${bridge}"${verb === 'add' ? ` : jump ${chain}` : ''}`;
  const ipv4 = subnets.filter((subnet) => !subnet.includes(':')).join(', ');
  const element = (name: string, text: string): string => `${verb} element ip ${table} ${name} { ${text} }\n`;
  return [
    element('bridges', `"${bridge}"`),
    element('into', verdict('into_bridge')),
    internal ? element('out_of', verdict('out_of_internal')) : '',
    interContainer ? element('may_talk', `"${bridge}" . "${bridge}"`) : '',
    ipv4 === '' ? '' : element('subnets', ipv4),
    ipv4 === '' || !masquerade || internal ? '' : element('masqueraded', ipv4),
  ].join('');
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
