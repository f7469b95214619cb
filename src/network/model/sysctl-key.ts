import { invalid } from '../../base/errors.ts';
import { ENDPOINT_SYSCTLS, type EndpointSettings } from '../../spec/index.ts';

/**
 * Converts `net.ipv4.ip_forward` to the path below `/proc/sys`. Only for settings of network namespaces: the runtime
 * writes the others. As with sysctl(8), the first separator decides: `net/ipv4/conf/eth0.1/x` names a link with a dot.
 * @throws EngineError invalid
 */
export function sysctlKey(name: string): string {
  const slash = name.indexOf('/');
  const dot = name.indexOf('.');
  const key =
    slash !== -1 && (dot === -1 || slash < dot) ? name : name.replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  const parts = key.split('/');
  if (
    parts[0] !== 'net' ||
    parts.length < 2 ||
    parts.some((part) => !/^[A-Za-z0-9_.:-]+$/.test(part) || /^\.+$/.test(part))
  ) {
    throw invalid(`sysctl "${name}" is not in a separate kernel namespace`);
  }
  return key;
}

const FAMILIES: ReadonlySet<string> = new Set(['ipv4', 'ipv6', 'mpls']);

/**
 * The settings of a network's own link, as keys and values.
 * @throws EngineError invalid for a malformed setting, or one of another link, in Docker's words
 */
export function linkSysctls({ DriverOpts }: EndpointSettings, link: string): readonly (readonly [string, string])[] {
  const text = DriverOpts?.[ENDPOINT_SYSCTLS] ?? '';
  if (text === '') return [];
  return text.split(',').map((setting) => {
    // The docker CLI writes option names in lower case.
    const at = setting.indexOf('=');
    const parts = setting.slice(0, at).split('.');
    const [net = '', family = '', , place] = parts;
    const isOfLink = parts.length === 5 && net === 'net' && FAMILIES.has(family) && place?.toUpperCase() === 'IFNAME';
    if (at === -1 || !isOfLink) {
      throw invalid(
        `unrecognised network interface sysctl '${setting}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      );
    }
    return [sysctlKey(parts.with(3, link).join('.')), setting.slice(at + 1)];
  });
}
