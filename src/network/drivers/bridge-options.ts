import { type EngineError, failed, invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { Family } from '../ipam/address.ts';
import type { NetworkRecord } from '../model/network-record.ts';

/** Docker's names of the bridge driver's options, which `network inspect` shows. */
export const BRIDGE_OPTION = {
  name: 'com.docker.network.bridge.name',
  default: 'com.docker.network.bridge.default_bridge',
  interContainer: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  inhibitIpv4: 'com.docker.network.bridge.inhibit_ipv4',
  gatewayMode4: 'com.docker.network.bridge.gateway_mode_ipv4',
  gatewayMode6: 'com.docker.network.bridge.gateway_mode_ipv6',
  trustedInterfaces: 'com.docker.network.bridge.trusted_host_interfaces',
  mtu: 'com.docker.network.driver.mtu',
} as const;

export const DEFAULT_MTU = 1500;

/** The names that a link may have (netdevice(7)), and that nft may quote. */
const INTERFACE = /^[A-Za-z0-9_.:-]{1,15}$/;

type Options = Readonly<Record<string, string>>;

const SWITCHES = [
  ...[BRIDGE_OPTION.default, BRIDGE_OPTION.interContainer, BRIDGE_OPTION.masquerade, BRIDGE_OPTION.inhibitIpv4],
];
const GATEWAY_MODES: ReadonlySet<string> = new Set(['nat', 'nat-unprotected', 'routed', 'isolated']);
/** Values of Go's strconv.ParseBool. */
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Whether a switch is on, as it is by default. */
export function isOn(options: Options, name: string): boolean {
  return !FALSE.has(options[name] ?? 'true');
}

/** Checks the options of a new bridge network. Unknown ones are kept. @throws EngineError invalid, in Docker's words */
export function checkBridgeOptions({ options, internal }: Pick<NetworkRecord, 'internal' | 'options'>): void {
  for (const name of SWITCHES) {
    const value = options[name] ?? 'true';
    if (!TRUE.has(value) && !FALSE.has(value)) {
      throw unparsed(name, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
  }
  const { [BRIDGE_OPTION.hostBinding]: address = '0.0.0.0', [BRIDGE_OPTION.mtu]: mtu } = options;
  if (isIP(address) === 0) throw unparsed(BRIDGE_OPTION.hostBinding, address, 'nil ip');
  if (mtu !== undefined) checkMtu(mtu);
  for (const name of Object.values(GATEWAY_MODE)) checkGatewayMode(name, options[name], internal);
  const bridge = options[BRIDGE_OPTION.name] ?? '';
  if (bridge !== '' && (!INTERFACE.test(bridge) || /^\.+$/.test(bridge))) {
    throw invalid(`invalid bridge name: ${bridge}`);
  }
}

function checkMtu(text: string): void {
  if (!/^[+-]?\d+$/.test(text)) {
    throw unparsed(BRIDGE_OPTION.mtu, text, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (Number(text) < 0) throw invalid(`invalid MTU number: ${text}`);
}

/** The option of each family. */
const GATEWAY_MODE = { 4: BRIDGE_OPTION.gatewayMode4, 6: BRIDGE_OPTION.gatewayMode6 } as const;

/** How containers of a bridge network are reached from outside. */
export function gatewayMode(options: Options, family: Family): string {
  return options[GATEWAY_MODE[family]] ?? 'nat';
}

/**
 * Whether the bridge has an address of a family, which is the containers' gateway: not on an isolated network, and not
 * where the user's own router has it.
 */
export function bridgeHasAddress(options: Options, family: Family): boolean {
  const isInhibited = family === 4 && TRUE.has(options[BRIDGE_OPTION.inhibitIpv4] ?? 'false');
  return !isInhibited && gatewayMode(options, family) !== 'isolated';
}

/**
 * Interfaces of the host from which packets reach published ports by the container's own address. Names that no
 * interface can have are omitted: dockerd takes any text.
 */
export function trustedInterfaces(options: Options): readonly string[] {
  return (options[BRIDGE_OPTION.trustedInterfaces] ?? '').split(':').filter((name) => INTERFACE.test(name));
}

function checkGatewayMode(name: string, mode = 'nat', internal: boolean): void {
  if (!GATEWAY_MODES.has(mode)) throw unparsed(name, mode, `unknown gateway mode ${mode}`);
  if (mode === 'isolated' && !internal)
    throw failed("gateway mode 'isolated' can only be used for an internal network");
}

function unparsed(name: string, value: string, reason: string): EngineError {
  return invalid(`failed to parse ${name} value: ${value} (${reason})`);
}
