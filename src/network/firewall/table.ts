import { EngineError } from '../../base/errors.ts';

/**
 * The engine's nftables tables, as text for nft(8): one for IPv4, and one for IPv6 once a network has it. Each engine has
 * tables of its own, which keep it apart from other engines and from others' rules. Each published port is one map
 * element, found in O(1).
 */

/** The table of a family, as nft(8) names families. */
export type TableFamily = 'ip' | 'ip6';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** One published port in the firewall. */
export type PortElement = TranslatedPort | OpenPort;

/** A port of the host that leads to one of a container. */
export interface TranslatedPort extends ContainerAddress {
  readonly kind: 'translated';
  /** An address of the host, of the same family as `address`. Null for every local address of the family. */
  readonly hostAddress: string | null;
  readonly hostPort: number;
}

/** A port that others reach by the container's own address: from everywhere, or from interfaces that its network trusts. */
export interface OpenPort extends ContainerAddress {
  readonly kind: 'open' | 'trusted';
}

interface ContainerAddress {
  readonly protocol: PortProtocol;
  /** The container's address. Its family is the table's. */
  readonly address: string;
  readonly port: number;
}

/** A bridge that the table serves. */
export interface BridgeRules {
  readonly bridge: string;
  /** Further bridges of the network, whose ports are full (see kernel/bridge-stars.ts). */
  readonly leaves?: readonly string[];
  /** Such as `172.17.0.0/16`. */
  readonly subnets: readonly string[];
  /** Whether outgoing connections take the host's address. */
  readonly masquerade: boolean;
  /** Whether containers on the bridge may connect to each other. */
  readonly interContainer: boolean;
  /** The families in which others reach the containers' ports without a published port. */
  readonly unprotected: readonly (4 | 6)[];
  /** The families in which others reach published ports by the containers' own addresses, which nothing translates. */
  readonly routed: readonly (4 | 6)[];
  /** Interfaces of the host whose packets reach published ports by the containers' own addresses. */
  readonly trusted: readonly string[];
  /** Whether containers on the bridge reach nothing but each other and the host. */
  readonly internal: boolean;
}

/** A bit of the mark of packets that come from a leaf. */
const FROM_LEAF = '0x20000000';

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
 * Makes the tables, or updates their rules; elements of maps and sets stay. One transaction. May be repeated. The rules
 * are the same whatever the number of networks: a network is some elements ({@link renderAddNetwork}), so that each packet
 * is matched in O(1). Local ports are matched before routing (from outside and from containers) and on output (from the
 * host).
 */
export function renderTables(table: string, families: readonly TableFamily[]): string {
  return families.map((family) => renderTable(table, family)).join('');
}

function renderTable(table: string, family: TableFamily): string {
  const rule = (text: string): string => `add rule ${family} ${table} ${text}\n`;
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  return `add table ${family} ${table}
add map ${family} ${table} ports { type inet_proto . inet_service : ${type} . inet_service; }
add map ${family} ${table} address_ports { type ${type} . inet_proto . inet_service : ${type} . inet_service; }
add set ${family} ${table} bridges { type ifname; }
add set ${family} ${table} leaves { type ifname; }
add set ${family} ${table} may_talk { type ifname . ifname; }
add set ${family} ${table} routed { type ifname; }
add set ${family} ${table} trusted { type ifname . ifname; }
add set ${family} ${table} open_ports { type ${type} . inet_proto . inet_service; }
add set ${family} ${table} trusted_ports { type ${type} . inet_proto . inet_service; }
add set ${family} ${table} subnets { type ${type}; flags interval; }
add set ${family} ${table} masqueraded { type ${type}; flags interval; }
add map ${family} ${table} into { type ifname : verdict; }
add map ${family} ${table} out_of { type ifname : verdict; }
add chain ${family} ${table} raw_prerouting { type filter hook prerouting priority -300; policy accept; }
add chain ${family} ${table} published
add chain ${family} ${table} prerouting { type nat hook prerouting priority -100; policy accept; }
add chain ${family} ${table} output { type nat hook output priority -100; policy accept; }
add chain ${family} ${table} postrouting { type nat hook postrouting priority 100; policy accept; }
add chain ${family} ${table} forward { type filter hook forward priority 0; policy accept; }
add chain ${family} ${table} into_bridge
add chain ${family} ${table} out_of_internal
${CHAINS.map((chain) => `flush chain ${family} ${table} ${chain}\n`).join('')}${[
  ...LOCAL_RULES[family],
  // With br_netfilter bridged packets pass here too. The hub filters; a leaf routes nothing. The hub cannot send a
  // translated packet back to the leaf that it came from: gantryd relays connections from there to published ports.
  `raw_prerouting iifname @leaves meta mark set meta mark or ${FROM_LEAF} notrack`,
  `prerouting meta mark and ${FROM_LEAF} == ${FROM_LEAF} return`,
  'forward iifname @leaves oifname @leaves accept',
  'forward iifname @leaves drop',
  'forward oifname @leaves drop',
  `published dnat ${family} to ${family} daddr . meta l4proto . th dport map @address_ports`,
  `published dnat ${family} to meta l4proto . th dport map @ports`,
  'prerouting fib daddr type local jump published',
  'output fib daddr type local jump published',
  `postrouting oifname @bridges ${family} saddr @subnets ct status dnat masquerade comment "published ports from containers"`,
  `postrouting oifname != @bridges ${family} saddr @masqueraded masquerade`,
  'forward iifname vmap @out_of',
  'forward oifname vmap @into',
  'into_bridge ct state established,related accept',
  'into_bridge ct status dnat accept',
  'into_bridge iifname . oifname @may_talk accept',
  `into_bridge ${family} daddr . meta l4proto . th dport @open_ports accept`,
  `into_bridge oifname @routed meta l4proto ${family === 'ip' ? 'icmp' : 'ipv6-icmp'} accept`,
  `into_bridge iifname . oifname @trusted ${family} daddr . meta l4proto . th dport @trusted_ports accept`,
  'into_bridge drop comment "what is not published"',
  'out_of_internal iifname . oifname @may_talk accept',
  'out_of_internal ct state established,related accept',
  'out_of_internal drop comment "the network is internal"',
]
  .map(rule)
  .join('')}`;
}

/**
 * The rules for loopback. The host's 127.0.0.1 reaches published ports by `route_localnet`. IPv6 has no such setting: a
 * packet from ::1 cannot leave by a bridge, so that the socket of the port takes it, and the engine relays it.
 */
const LOCAL_RULES: Readonly<Record<TableFamily, readonly string[]>> = {
  ip: [
    'raw_prerouting ip daddr 127.0.0.0/8 iifname @bridges drop comment "route_localnet is for the host only"',
    'prerouting ip daddr 127.0.0.0/8 return',
    'postrouting oifname @bridges ip saddr 127.0.0.0/8 masquerade comment "published ports by localhost"',
  ],
  ip6: ['output ip6 daddr ::1 return'],
};

/** The elements of a network in the tables of these families. Existing elements with the same values are kept. */
export function renderAddNetwork(table: string, families: readonly TableFamily[], rules: BridgeRules): string {
  return networkElements('add', table, families, rules);
}

/** Missing elements are ignored. The transaction fails without the table. */
export function renderDeleteNetwork(table: string, families: readonly TableFamily[], rules: BridgeRules): string {
  return networkElements('add', table, families, rules) + networkElements('delete', table, families, rules);
}

/** Replaces the elements of all networks by these in one transaction. */
export function renderReplaceNetworks(
  table: string,
  families: readonly TableFamily[],
  networks: readonly BridgeRules[],
): string {
  const flush = families.flatMap((family) => [
    ...['bridges', 'leaves', 'may_talk', 'routed', 'trusted', 'subnets', 'masqueraded'].map(
      (set) => `flush set ${family} ${table} ${set}\n`,
    ),
    ...['into', 'out_of'].map((map) => `flush map ${family} ${table} ${map}\n`),
  ]);
  return flush.join('') + networks.map((network) => renderAddNetwork(table, families, network)).join('');
}

/** The tables that networks need. Without IPv6 that of IPv4 alone: a host then tracks no connections of IPv6. */
export function tableFamilies(networks: readonly BridgeRules[]): readonly TableFamily[] {
  return networks.some(({ subnets }) => subnets.some((subnet) => familyOf(subnet) === 'ip6')) ? ['ip', 'ip6'] : ['ip'];
}

function networkElements(
  verb: 'add' | 'delete',
  table: string,
  families: readonly TableFamily[],
  rules: BridgeRules,
): string {
  const { bridge, leaves = [], masquerade, interContainer, internal, unprotected, routed, trusted } = rules;
  const verdict = (chain: string): string => `"${bridge}"${verb === 'add' ? ` : jump ${chain}` : ''}`;
  return tableFamilies([rules])
    .filter((family) => families.includes(family))
    .flatMap((family) => {
      const element = (name: string, text: string): string =>
        `${verb} element ${family} ${table} ${name} { ${text} }\n`;
      const subnets = rules.subnets.filter((subnet) => familyOf(subnet) === family).join(', ');
      const number = family === 'ip' ? 4 : 6;
      const isMasqueraded = subnets !== '' && masquerade && !internal && !routed.includes(number);
      return [
        element('bridges', `"${bridge}"`),
        leaves.length === 0 ? '' : element('leaves', leaves.map((leaf) => `"${leaf}"`).join(', ')),
        unprotected.includes(number) ? '' : element('into', verdict('into_bridge')),
        routed.includes(number) ? element('routed', `"${bridge}"`) : '',
        ...trusted.map((name) => element('trusted', `"${name}" . "${bridge}"`)),
        internal ? element('out_of', verdict('out_of_internal')) : '',
        interContainer ? element('may_talk', `"${bridge}" . "${bridge}"`) : '',
        subnets === '' ? '' : element('subnets', subnets),
        isMasqueraded ? element('masqueraded', subnets) : '',
      ];
    })
    .join('');
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
export function renderReplaceElements(
  table: string,
  families: readonly TableFamily[],
  elements: readonly PortElement[],
): string {
  const flush = families.flatMap((family) => [
    ...['ports', 'address_ports'].map((map) => `flush map ${family} ${table} ${map}\n`),
    ...['open_ports', 'trusted_ports'].map((set) => `flush set ${family} ${table} ${set}\n`),
  ]);
  return flush.join('') + renderAddElements(table, elements);
}

/** May be repeated. */
export function renderDeleteTables(table: string, families: readonly TableFamily[]): string {
  return families.map((family) => `add table ${family} ${table}\ndelete table ${family} ${table}\n`).join('');
}

function commands(verb: 'add' | 'delete', table: string, elements: readonly PortElement[]): string {
  const byMap = new Map<string, string[]>();
  for (const element of elements) {
    const map = `${familyOf(element.address)} ${table} ${mapOf(element)}`;
    const listed = byMap.get(map) ?? [];
    listed.push(elementText(verb, element));
    byMap.set(map, listed);
  }
  return [...byMap].map(([map, listed]) => `${verb} element ${map} { ${listed.join(', ')} }\n`).join('');
}

function mapOf(element: PortElement): string {
  if (element.kind !== 'translated') return `${element.kind}_ports`;
  return element.hostAddress === null ? 'ports' : 'address_ports';
}

function elementText(verb: 'add' | 'delete', element: PortElement): string {
  const { address, protocol, port } = element;
  if (element.kind !== 'translated') return `${address} . ${protocol} . ${port}`;
  const { hostAddress, hostPort } = element;
  const key = `${hostAddress === null ? '' : `${hostAddress} . `}${protocol} . ${hostPort}`;
  return verb === 'add' ? `${key} : ${address} . ${port}` : key;
}

/** The family of an address or a subnet. */
export function familyOf(text: string): TableFamily {
  return text.includes(':') ? 'ip6' : 'ip';
}
