import { isObject } from '../../base/is-object.ts';
import { binarySize } from '../../base/sizes.ts';
import type { EngineInfo } from '../../client/index.ts';

type Line = string | undefined;

/** The report, nested by indentation. Lines without data from the engine are omitted. */
export function infoText(
  client: { Version: string; Context: string; Debug: boolean },
  server: EngineInfo | undefined,
): string {
  const lines: Line[] = [
    'Client:',
    ` Version:    ${client.Version}`,
    ` Context:    ${client.Context}`,
    ` Debug Mode: ${client.Debug}`,
    '',
    'Server:',
  ];
  if (server !== undefined) lines.push(...serverLines(server), '');
  return `${lines.filter((line) => line !== undefined).join('\n')}\n`;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function serverLines(info: EngineInfo): Line[] {
  const line = (label: string, key: string): Line =>
    info[key] === undefined || text(info[key]) === '' ? undefined : ` ${label}: ${text(info[key])}`;
  const proxies = [line('HTTP Proxy', 'HttpProxy'), line('HTTPS Proxy', 'HttpsProxy'), line('No Proxy', 'NoProxy')];
  return [
    ` Containers: ${text(info['Containers'])}`,
    `  Running: ${text(info['ContainersRunning'])}`,
    `  Paused: ${text(info['ContainersPaused'])}`,
    `  Stopped: ${text(info['ContainersStopped'])}`,
    ` Images: ${text(info['Images'])}`,
    line('Server Version', 'ServerVersion'),
    ` Storage Driver: ${text(info['Driver'])}`,
    ...pairs(info['DriverStatus'], '  '),
    ...pairs(info['SystemStatus'], ' '),
    line('Logging Driver', 'LoggingDriver'),
    line('Cgroup Driver', 'CgroupDriver'),
    line('Cgroup Version', 'CgroupVersion'),
    ...pluginLines(record(info['Plugins'])),
    ...(Array.isArray(info['CDISpecDirs']) && info['CDISpecDirs'].length > 0
      ? [' CDI spec directories:', ...list(info['CDISpecDirs']).map((dir) => `  ${dir}`)]
      : []),
    ...discoveredDevices(info['DiscoveredDevices']),
    ` Swarm: ${text(record(info['Swarm'])['LocalNodeState']) || 'inactive'}`,
    ` Runtimes: ${Object.keys(record(info['Runtimes'])).sort().join(' ')}`,
    line('Default Runtime', 'DefaultRuntime'),
    line('Init Binary', 'InitBinary'),
    component('containerd version', info['ContainerdCommit']),
    component('runc version', info['RuncCommit']),
    component('init version', info['InitCommit']),
    ...securityLines(list(info['SecurityOptions'])),
    line('Kernel Version', 'KernelVersion'),
    line('Operating System', 'OperatingSystem'),
    line('OSType', 'OSType'),
    line('Architecture', 'Architecture'),
    ` CPUs: ${text(info['NCPU'])}`,
    ` Total Memory: ${binarySize(Number(info['MemTotal'] ?? 0))}`,
    line('Name', 'Name'),
    line('ID', 'ID'),
    ` Docker Root Dir: ${text(info['DockerRootDir'])}`,
    ` Debug Mode: ${text(info['Debug'])}`,
    ...proxies,
    ...labelled(' Labels:', list(info['Labels'])),
    ` Experimental: ${text(info['ExperimentalBuild'])}`,
    ...labelled(' Insecure Registries:', insecureRegistries(record(info['RegistryConfig']))),
    ...labelled(' Registry Mirrors:', list(record(info['RegistryConfig'])['Mirrors'])),
    ` Live Restore Enabled: ${text(info['LiveRestoreEnabled'])}`,
    line('Product License', 'ProductLicense'),
    ...addressPools(info['DefaultAddressPools']),
  ];
}

function pairs(value: unknown, indent: string): string[] {
  if (!Array.isArray(value)) return [];
  return value.map((pair) => `${indent}${list(pair)[0] ?? ''}: ${list(pair)[1] ?? ''}`);
}

function discoveredDevices(devices: unknown): string[] {
  if (!Array.isArray(devices) || devices.length === 0) return [];
  return [
    ' Discovered Devices:',
    ...devices.map((device) => `  ${text(record(device)['Source'])}: ${text(record(device)['ID'])}`),
  ];
}

function pluginLines(plugins: Record<string, unknown>): string[] {
  const authorization = list(plugins['Authorization']);
  return [
    ' Plugins:',
    `  Volume: ${list(plugins['Volume']).join(' ')}`,
    `  Network: ${list(plugins['Network']).join(' ')}`,
    ...(authorization.length > 0 ? [`  Authorization: ${authorization.join(' ')}`] : []),
    `  Log: ${list(plugins['Log']).join(' ')}`,
  ];
}

function component(label: string, commit: unknown): Line {
  const id = record(commit)['ID'];
  return id === undefined ? undefined : ` ${label}: ${text(id)}`;
}

/** Formats `name=seccomp,profile=builtin` as a heading with its details. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = [' Security Options:'];
  for (const option of options) {
    for (const [index, part] of option.split(',').entries()) {
      const [key = '', value] = part.split('=');
      if (value === undefined) lines.push(`  ${key}`);
      else
        lines.push(
          index === 0 && key === 'name' ? `  ${value}` : `   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`,
        );
    }
  }
  return lines;
}

function labelled(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)];
}

function insecureRegistries(config: Record<string, unknown>): string[] {
  const named = Object.entries(record(config['IndexConfigs'])).flatMap(([name, index]) =>
    record(index)['Secure'] === false ? [name] : [],
  );
  return [...named, ...list(config['InsecureRegistryCIDRs'])];
}

function addressPools(pools: unknown): string[] {
  if (!Array.isArray(pools) || pools.length === 0) return [];
  return [
    ' Default Address Pools:',
    ...pools.map((pool) => `   Base: ${text(record(pool)['Base'])}, Size: ${text(record(pool)['Size'])}`),
  ];
}

/** Limits that the engine's kernel lacks, and the engine's own warnings. */
export function warningsOf(info: EngineInfo): string[] {
  return list(info['Warnings']);
}
