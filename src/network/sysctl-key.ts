import { invalid } from '../base/errors.ts';

/**
 * `net.ipv4.ip_forward` as the path below `/proc/sys`. Only settings of network namespaces: the runtime writes the others.
 * As with sysctl(8), the first separator decides: `net/ipv4/conf/eth0.1/x` names a link with a dot.
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
