import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { ContainerConfig, HealthConfig, HostConfig } from '../../spec/index.ts';
import { parseSignal } from '../model/signals.ts';

const MILLISECOND = 1_000_000;

/**
 * Checks a request's own config, before it is merged with the image's. @throws EngineError invalid with dockerd's texts
 */
export function checkConfig(config: ContainerConfig): void {
  const workdir = config.WorkingDir ?? '';
  if (workdir !== '' && !workdir.startsWith('/')) {
    throw invalid(`the working directory '${workdir}' is invalid, it needs to be an absolute path`);
  }
  for (const variable of config.Env ?? []) {
    if (variable === '' || variable.startsWith('=')) throw invalid(`invalid environment variable: ${variable}`);
    if (variable.includes('\0')) throw invalid('invalid environment variable: it contains a null byte');
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.Healthcheck != null) checkHealth(config.Healthcheck);
}

/** Normalises the path of `WorkingDir`, as inspect shows it. */
export function cleanWorkdir(path: string): string {
  if (path === '') return '';
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

function checkHealth(health: HealthConfig): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health[name] ?? 0;
    if (value !== 0 && value < MILLISECOND) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** Checks hosts, ports, policies and annotations. @throws EngineError invalid with dockerd's texts */
export function checkHostConfig(hostConfig: HostConfig): void {
  checkRestart(hostConfig);
  for (const host of hostConfig.ExtraHosts ?? []) checkExtraHost(host);
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    const number = port.split('/')[0] ?? '';
    if (number !== '' && parsePort(number) === undefined) throw badPort(number);
    for (const { HostPort: hostPort = '' } of bindings ?? []) checkHostPort(hostPort);
  }
  for (const link of hostConfig.Links ?? []) checkLink(link);
  if (Object.hasOwn(hostConfig.Annotations ?? {}, '')) {
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  const isolation = hostConfig.Isolation ?? '';
  if (isolation !== '' && isolation !== 'default') {
    throw invalid(`invalid isolation (${isolation}): linux only supports 'default'`);
  }
}

/** Checks a restart policy. @throws EngineError invalid, with the texts of create and update */
export function checkRestartPolicy({
  Name: name = '',
  MaximumRetryCount: retries = 0,
}: NonNullable<HostConfig['RestartPolicy']>): void {
  const fault = (text: string): never => {
    throw invalid(`invalid restart policy: ${text}`);
  };
  if (name === 'on-failure') {
    if (retries < 0) fault('maximum retry count cannot be negative');
    return;
  }
  if (!['', 'no', 'always', 'unless-stopped'].includes(name)) {
    fault(`unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (retries === 0) return;
  fault(`maximum retry count can only be used with 'on-failure'${retries < 0 ? ' and cannot be negative' : ''}`);
}

function checkRestart({ AutoRemove: autoRemove, RestartPolicy: policy }: HostConfig): void {
  if (policy == null) return;
  checkRestartPolicy(policy);
  if (autoRemove === true && !['', 'no'].includes(policy.Name ?? '')) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
}

/** Checks `name:address`. `host-gateway` stands for the address of the host. */
function checkExtraHost(host: string): void {
  const at = host.indexOf(':');
  if (at <= 0) throw invalid(`bad format for add-host: ${JSON.stringify(host)}`);
  const address = host.slice(at + 1);
  if (address === 'host-gateway') return;
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  if (isIP(bare) === 0) throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
}

function checkHostPort(text: string): void {
  if (text === '') return;
  const [first = '', last] = text.split('-');
  const from = parsePort(first);
  const to = last === undefined ? from : parsePort(last);
  if (from === undefined || to === undefined || to < from || text.split('-').length > 2) throw badPort(text);
}

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function badPort(text: string): Error {
  return invalid(`invalid port specification: ${JSON.stringify(text)}`);
}

function checkLink(link: string): void {
  if (link === '') throw invalid('empty string specified for links');
  if (link.split(':').length > 2) throw invalid(`bad format for links: ${link}`);
}
