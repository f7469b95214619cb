import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import type { CreateContainerBody, HealthConfig, HostConfig } from '../../../spec/index.ts';
import type { Flags } from '../../flags/parse.ts';
import { bytesOf } from '../../flags/values.ts';
import { parseDuration } from '../../format/units.ts';
import { checkDeviceMode } from './checks.ts';
import { readEnvironment, readLabels } from './env-file.ts';
import { parseMount } from './mount.ts';
import { parseNetworking } from './networking.ts';
import { parseExposed, parsePublished } from './ports.ts';
import { parseResources, parseRestartPolicy } from './resources.ts';

export interface BodyContext {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rows and columns of the terminal. Zeros without one. */
  readonly consoleSize: readonly [number, number];
}

/** The label by which the engine knows it (`containers/lifecycle/restart-unhealthy.ts`). */
const RESTART_UNHEALTHY = 'gantry.restart-unhealthy';

/** Builds the request's body from the flags of `create` and `run`. @throws Error in docker's words */
export function createBody(flags: Flags, context: BodyContext): CreateContainerBody {
  const { binds, anonymous } = parseVolumes(flags.list('volume'));
  const ports = parsePublished(flags.list('publish'));
  const exposed = { ...parseExposed(flags.list('expose')), ...ports.exposed };
  const networking = parseNetworking(flags);
  const attach = attachments(flags);
  const entrypoint = flags.string('entrypoint');
  const health = parseHealth(flags);
  return {
    Hostname: flags.string('hostname'),
    Domainname: flags.string('domainname'),
    User: flags.string('user'),
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    ...(Object.keys(exposed).length === 0 ? {} : { ExposedPorts: exposed }),
    Tty: flags.bool('tty'),
    OpenStdin: flags.bool('interactive'),
    StdinOnce: flags.bool('interactive') && attach.stdin,
    Env: readEnvironment(flags.list('env-file'), flags.list('env'), context.env),
    Cmd: context.command.length === 0 ? null : context.command,
    Image: context.image,
    Volumes: anonymous,
    WorkingDir: flags.string('workdir'),
    // An empty --entrypoint drops the image's. The API expects one empty string for that.
    Entrypoint: flags.changed('entrypoint') ? [entrypoint] : null,
    OnBuild: null,
    Labels: {
      ...readLabels(flags.list('label-file'), flags.list('label')),
      ...(flags.bool('restart-unhealthy') ? { [RESTART_UNHEALTHY]: 'true' } : {}),
    },
    ...(flags.changed('stop-signal') ? { StopSignal: flags.string('stop-signal') } : {}),
    ...(flags.changed('stop-timeout') ? { StopTimeout: flags.int('stop-timeout') } : {}),
    ...(flags.changed('mac-address') ? { MacAddress: flags.string('mac-address') } : {}),
    ...(health === undefined ? {} : { Healthcheck: health }),
    HostConfig: {
      ...hostConfig(flags, context),
      Binds: binds,
      PortBindings: ports.bindings,
      NetworkMode: networking.networkMode,
    },
    NetworkingConfig: networking.config,
  };
}

function hostConfig(flags: Flags, context: BodyContext): HostConfig {
  for (const device of flags.list('device')) checkDeviceMode(device);
  const restart = parseRestartPolicy(flags.string('restart'));
  if (flags.bool('rm') && restart.Name !== 'no' && restart.Name !== '') {
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  }
  const security = parseSecurityOptions(flags.list('security-opt'));
  const shm = flags.string('shm-size');
  return {
    ...parseResources(flags),
    ContainerIDFile: flags.string('cidfile'),
    LogConfig: { Type: flags.string('log-driver'), Config: parseLogOptions(flags) },
    RestartPolicy: restart,
    AutoRemove: flags.bool('rm'),
    VolumeDriver: flags.string('volume-driver'),
    VolumesFrom: orNull(flags.list('volumes-from')),
    ConsoleSize: context.consoleSize,
    ...(flags.changed('annotation') ? { Annotations: keyValues(flags.list('annotation')) } : {}),
    CapAdd: orNull(capabilities(flags.list('cap-add'))),
    CapDrop: orNull(capabilities(flags.list('cap-drop'))),
    CgroupnsMode: cgroupNamespace(flags.string('cgroupns')),
    Dns: flags.list('dns'),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search'),
    // dockerd expects a colon before the address, although users may write `=`.
    ExtraHosts: orNull(flags.list('add-host').map((each) => each.replace(/^([^:=]+)[:=]\[?(.*?)\]?$/, '$1:$2'))),
    GroupAdd: orNull(flags.list('group-add')),
    IpcMode: flags.string('ipc'),
    Links: orNull(flags.list('link')),
    OomScoreAdj: flags.int('oom-score-adj'),
    PidMode: checkMode(flags.string('pid'), 'PID', '--pid'),
    Privileged: flags.bool('privileged'),
    PublishAllPorts: flags.bool('publish-all'),
    ReadonlyRootfs: flags.bool('read-only'),
    SecurityOpt: security.options,
    StorageOpt: flags.changed('storage-opt') ? keyValues(flags.list('storage-opt')) : null,
    ...(flags.changed('tmpfs') ? { Tmpfs: Object.fromEntries(flags.list('tmpfs').map(splitColon)) } : {}),
    UTSMode: hostOnly(flags.string('uts'), 'UTS', '--uts'),
    UsernsMode: hostOnly(flags.string('userns'), 'USER', '--userns'),
    ShmSize: shm === '' || shm === '0' ? 0 : bytesOf(shm),
    ...(flags.changed('sysctl') ? { Sysctls: keyValues(flags.list('sysctl')) } : {}),
    Runtime: flags.string('runtime'),
    Isolation: flags.string('isolation'),
    ...(flags.changed('mount') ? { Mounts: flags.list('mount').map(parseMount) } : {}),
    ...(flags.changed('init') ? { Init: flags.bool('init') } : {}),
    MaskedPaths: security.systemPaths ? [] : null,
    ReadonlyPaths: security.systemPaths ? [] : null,
  };
}

function orNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

export function keyValues(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((each) => {
      const equals = each.indexOf('=');
      return equals === -1 ? [each, ''] : [each.slice(0, equals), each.slice(equals + 1)];
    }),
  );
}

/** Normalises `net_admin` to `CAP_NET_ADMIN`, each once, sorted. `ALL` includes all others. */
function capabilities(names: readonly string[]): readonly string[] {
  const all = names.map((name) => {
    const upper = name.trim().toUpperCase();
    return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  });
  return all.includes('ALL') ? ['ALL'] : [...new Set(all)].sort();
}

function splitColon(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The container's streams that the client attaches to. */
export function attachments(flags: Flags): { stdin: boolean; stdout: boolean; stderr: boolean } {
  const named = new Set(flags.list('attach').map((each) => each.toLowerCase()));
  const stdin = named.has('stdin') || flags.bool('interactive');
  if (named.size > 0) return { stdin, stdout: named.has('stdout'), stderr: named.has('stderr') };
  return { stdin, stdout: true, stderr: true };
}

function parseVolumes(values: readonly string[]): { binds: string[] | null; anonymous: Record<string, object> } {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const value of new Set(values)) {
    const [source = '', target, ...options] = value.split(':');
    if (value === '') throw new Error('invalid empty volume spec');
    if (options.length > 1) throw new Error(`invalid spec: ${value}: too many colons`);
    if (target === undefined) anonymous[source] = {};
    else if (source === '' || target === '') throw new Error(`invalid spec: ${value}: empty section between colons`);
    // Only a source that starts with a dot is a relative path: other names are volumes.
    else binds.push(source.startsWith('.') ? [resolve(source), target, ...options].join(':') : value);
  }
  return { binds: binds.length === 0 ? null : binds, anonymous };
}

function parseLogOptions(flags: Flags): Record<string, string> {
  const options = keyValues(flags.list('log-opt'));
  const driver = flags.string('log-driver');
  if (driver === 'none' && Object.keys(options).length > 0)
    throw new Error(`invalid logging opts for driver ${driver}`);
  return options;
}

function cgroupNamespace(mode: string): 'private' | 'host' | '' {
  if (mode !== '' && mode !== 'private' && mode !== 'host') throw new Error('--cgroupns: invalid CGROUP mode');
  return mode;
}

function checkMode(mode: string, what: string, flag: string): string {
  if (mode !== '' && mode !== 'host' && !/^container:.+/.test(mode)) throw new Error(`${flag}: invalid ${what} mode`);
  return mode;
}

function hostOnly(mode: string, what: string, flag: string): string {
  if (mode !== '' && mode !== 'host') throw new Error(`${flag}: invalid ${what} mode`);
  return mode;
}

function parseSecurityOptions(values: readonly string[]): { options: readonly string[] | null; systemPaths: boolean } {
  let systemPaths = false;
  const options: string[] = [];
  for (const value of values) {
    const [, key = '', separator = '', text = ''] = /^([^=:]+)([=:]?)(.*)$/s.exec(value) ?? [];
    if (value === 'systempaths=unconfined') {
      systemPaths = true;
      continue;
    }
    if (separator === '' && value !== 'no-new-privileges')
      throw new Error(`Invalid --security-opt: ${JSON.stringify(value)}`);
    options.push(
      key === 'seccomp' && !['unconfined', 'builtin'].includes(text) ? `seccomp=${readProfile(text)}` : value,
    );
  }
  return { options: orNull(options), systemPaths };
}

/** The engine gets the profile itself, since its file is on the client's machine. */
function readProfile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = /ENOENT/.test(messageOf(error)) ? `open ${file}: no such file or directory` : messageOf(error);
    throw new Error(`opening seccomp profile (${file}) failed: ${reason}`);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${file}) failed: ${messageOf(error)}`);
  }
}

function parseHealth(flags: Flags): HealthConfig | undefined {
  const nanos = (name: string): number => {
    const value = parseDuration(flags.string(name));
    if (value < 0) throw new Error(`--${name} cannot be negative`);
    return value;
  };
  const config = {
    Interval: nanos('health-interval'),
    Timeout: nanos('health-timeout'),
    StartPeriod: nanos('health-start-period'),
    StartInterval: nanos('health-start-interval'),
    Retries: flags.int('health-retries'),
  };
  if (config.Retries < 0) throw new Error('--health-retries cannot be negative');
  const command = flags.string('health-cmd');
  const given = command !== '' || Object.values(config).some((value) => value !== 0);
  if (flags.bool('no-healthcheck')) {
    if (given) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!given) return undefined;
  const set = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== 0));
  return { ...(command === '' ? {} : { Test: ['CMD-SHELL', command] }), ...set };
}
