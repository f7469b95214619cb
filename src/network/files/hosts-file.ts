import { invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';

export interface HostsFileInput {
  readonly hostname: string;
  readonly domainname?: string | undefined;
  /** The container's addresses. '' or empty on a network without addresses. */
  readonly addresses: readonly string[];
  /** `--add-host`: `name:address` or `name=address`. The address may be `host-gateway` or in brackets. */
  readonly extraHosts?: readonly string[] | null | undefined;
  /** Linked containers, by all their names. */
  readonly links?: readonly { readonly address: string; readonly names: string }[];
  /** The addresses for `host-gateway`: the gateways of the default bridge. */
  readonly hostGateways?: readonly string[];
}

const BASE = `127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
ff00::	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
`;

/**
 * Builds the container's `/etc/hosts` (hosts(5)): the base, `--add-host`, then its own name. A container on the host's
 * network without `--add-host` gets a copy of the host's file instead.
 * @throws EngineError invalid for an extra host without an address
 */
export function hostsFile(input: HostsFileInput): string {
  let text = BASE;
  text += extraHostLines(input.extraHosts ?? [], input.hostGateways ?? []);
  for (const { address, names } of input.links ?? []) text += `${address}\t${names}\n`;
  for (const line of ownHostLines(input.addresses, input.hostname, input.domainname ?? '')) text += `${line}\n`;
  return text;
}

/** The lines with a container's own name, one for each address that is not ''. */
export function ownHostLines(addresses: readonly string[], hostname: string, domainname: string): readonly string[] {
  const names = ownNames(hostname, domainname);
  return names === '' ? [] : addresses.filter((address) => address !== '').map((address) => `${address}\t${names}`);
}

/** Replaces the address of the lines whose first name is `name`. */
export function updateHost(text: string, name: string, address: string): string {
  return mapLines(text, name, (line) => line.replace(/^\S+/, address));
}

/** Removes the lines whose first name is `name`. */
export function withoutHost(text: string, name: string): string {
  return mapLines(text, name, () => undefined);
}

function mapLines(text: string, name: string, change: (line: string) => string | undefined): string {
  const lines = text.split('\n').flatMap((line) => {
    const isNamed = /^[^\s#]+\s+(\S+)/.exec(line)?.[1] === name;
    return isNamed ? (change(line) ?? []) : [line];
  });
  return lines.join('\n');
}

/** `web.example.org web`: the full name first. */
function ownNames(hostname: string, domainname: string): string {
  if (hostname === '') return '';
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const dot = full.indexOf('.');
  return dot > 0 ? `${full} ${full.slice(0, dot)}` : full;
}

/** @throws EngineError invalid, in the words of `docker run --add-host` */
export function parseExtraHost(entry: string): { readonly name: string; readonly address: string } {
  const equals = entry.indexOf('=');
  const at = equals > 0 ? equals : entry.indexOf(':');
  const name = entry.slice(0, Math.max(at, 0));
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  // White space would start another entry of the file.
  if (at < 1 || /[\s#]/.test(name)) throw invalid(`bad format for add-host: "${entry}"`);
  if (address !== 'host-gateway' && isIP(address) === 0) {
    throw invalid(`invalid IP address in add-host: "${address}"`);
  }
  return { name, address };
}

/** The lines for `--add-host`. @throws EngineError invalid for an extra host without an address */
export function extraHostLines(entries: readonly string[], hostGateways: readonly string[]): string {
  return entries.map((entry) => linesOfEntry(entry, hostGateways)).join('');
}

function linesOfEntry(entry: string, hostGateways: readonly string[]): string {
  const { name, address } = parseExtraHost(entry);
  const addresses = address === 'host-gateway' ? hostGateways : [address];
  if (addresses.length === 0) throw invalid('unable to derive the IP value for host-gateway');
  return addresses.map((each) => `${each}\t${name}\n`).join('');
}
