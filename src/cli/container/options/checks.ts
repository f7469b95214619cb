import { isIP } from '../../../base/ip-version.ts';
import { bytesOf } from '../../flags/values.ts';

/** Checks of single values. Each throws an Error that describes the problem. */

export function checkAttach(value: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(value.toLowerCase()))
    throw new Error('valid streams are STDIN, STDOUT and STDERR');
}

export function checkEnv(value: string): void {
  if (value === '' || value.startsWith('=')) throw new Error(`invalid environment variable: ${value}`);
}

export function checkLabel(value: string): void {
  if (value === '' || value.startsWith('=')) throw new Error(`invalid label '${value}': empty name`);
}

export function checkExtraHost(value: string): void {
  const split = /^([^:=]+)[:=](.+)$/.exec(value);
  if (split === null) throw new Error(`bad format for add-host: ${JSON.stringify(value)}`);
  const ip = (split[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  const valid =
    ip === 'host-gateway' ||
    (/^[0-9a-fA-F:.]+$/.test(ip) && (ip.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(ip)));
  if (!valid) throw new Error(`invalid IP address in add-host: ${JSON.stringify(ip)}`);
}

export function checkLink(value: string): void {
  if (value === '') throw new Error('empty string specified for links');
  if (value.split(':').length > 2) throw new Error(`bad format for links: ${value}`);
}

export function checkDevice(value: string): void {
  const parts = value.split(':');
  if (value === '' || parts.length > 3) throw new Error(`invalid device specification: ${value}`);
  if (!(parts[0] ?? '').startsWith('/') && !value.includes('='))
    throw new Error(`${parts.length > 1 ? 'bad format for path: ' : `${value} is not an absolute path`}`);
}

/** Checks the mode of `--device`. It is not part of the flag's form. @throws Error */
export function checkDeviceMode(value: string): void {
  const mode = value.split(':')[2];
  if (mode !== undefined && !isDeviceMode(mode)) throw new Error(`bad mode specified: ${mode}`);
}

/** Checks `c 42:* rmw`. */
export function checkDeviceRule(value: string): void {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(value))
    throw new Error(`invalid device cgroup format '${value}'`);
}

const SYSCTLS: ReadonlySet<string> = new Set(
  ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(
    (name) => `kernel.${name}`,
  ),
);

/** Accepts only sysctls of the container's namespaces. */
export function checkSysctl(value: string): void {
  const [name = ''] = value.split('=', 1);
  if (!value.includes('=') || !(SYSCTLS.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.')))
    throw new Error(`sysctl '${value}' is not allowed`);
}

/** Checks only the form of the address, as docker does. */
export function checkDns(value: string): void {
  if (isIP(value.trim()) === 0) throw new Error(`IP address is not correctly formatted: ${value}`);
}

/** Whether the text consists of `r`, `w` and `m`, each once. */
export function isDeviceMode(mode: string): boolean {
  return /^[rwm]{1,3}$/.test(mode) && new Set(mode).size === mode.length;
}

export function checkWeightDevice(value: string): void {
  const { path, rest } = splitDevice(value);
  const weight = Number(rest);
  if (!/^\d+$/.test(rest) || (weight > 0 && (weight < 10 || weight > 1000)))
    throw new Error(`invalid weight for device: ${path}:${rest}`);
}

export function checkThrottle(value: string): void {
  const { path, rest } = splitDevice(value);
  try {
    bytesOf(rest);
  } catch {
    throw new Error(
      `invalid rate for device: ${path}:${rest}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

export function checkThrottleIops(value: string): void {
  const { path, rest } = splitDevice(value);
  if (!/^\d+$/.test(rest))
    throw new Error(
      `invalid rate for device: ${path}:${rest}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
}

/** Splits `/dev/sda:10`. */
export function splitDevice(value: string): { path: string; rest: string } {
  const match = /^(\/dev\/[^:]*):(.+)$/.exec(value);
  if (match !== null) return { path: match[1] ?? '', rest: match[2] ?? '' };
  throw new Error(value.includes(':') ? `bad format for device path: ${value}` : `bad format: ${value}`);
}
