import { invalid } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import { netMode } from '../../grpc/messages/pb.ts';
import { type Platform, parsePlatform } from '../../spec/index.ts';
import type { RunOptions, RunResources } from '../dockerfile/index.ts';

type Options = ReadonlyMap<string, string>;

const BUILD_ARG = 'build-arg:';
const LABEL = 'label:';

/** What the client's attributes (`FrontendOpt`) say, checked. */
export interface DockerfileOptions {
  readonly filename: string;
  readonly target: string | undefined;
  /** At least one. */
  readonly platforms: readonly Platform[];
  /** Whether the client chose no platform. */
  readonly isTargetImplicit: boolean;
  /** Whether the result is an index, also of one platform. */
  readonly isMultiPlatform: boolean;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly noCache: ReadonlySet<string> | 'all' | undefined;
  readonly resolveMode: 'default' | 'local' | 'pull';
  readonly run: RunOptions;
  readonly epochSeconds: number | undefined;
}

/** @throws EngineError invalid */
export function readOptions(options: Options, buildPlatform: Platform): DockerfileOptions {
  const buildArgs = withPrefix(options, BUILD_ARG);
  const platforms = (options.get('platform') ?? '').split(',').filter((text) => text !== '');
  const multi = options.get('multi-platform') ?? buildArgs.get('BUILDKIT_MULTI_PLATFORM') ?? '';
  return {
    filename: options.get('filename') || 'Dockerfile',
    target: options.get('target') || undefined,
    platforms: platforms.length === 0 ? [buildPlatform] : platforms.map(parsePlatform),
    isTargetImplicit: platforms.length === 0,
    isMultiPlatform: platforms.length > 1 || flagOf('multi-platform', multi),
    buildArgs,
    labels: withPrefix(options, LABEL),
    noCache: noCacheOf(options.get('no-cache')),
    resolveMode: resolveModeOf(options.get('image-resolve-mode') ?? ''),
    run: runOptions(options, buildArgs),
    epochSeconds: epochOf(buildArgs.get('SOURCE_DATE_EPOCH')),
  };
}

/** The options whose names have a prefix, without it. */
export function withPrefix(options: Options, prefix: string): ReadonlyMap<string, string> {
  const found = [...options].filter(([key]) => key.startsWith(prefix));
  return new Map(found.map(([key, value]) => [key.slice(prefix.length), value]));
}

function flagOf(name: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (text === '' || /^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw invalid(`invalid boolean value ${text} for ${name}`);
}

function noCacheOf(text: string | undefined): DockerfileOptions['noCache'] {
  if (text === undefined) return undefined;
  return text === '' ? 'all' : new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}

function resolveModeOf(text: string): DockerfileOptions['resolveMode'] {
  if (text === '' || text === 'default') return 'default';
  if (text === 'pull' || text === 'local') return text;
  throw invalid(`invalid image-resolve-mode: ${text}`);
}

function epochOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  // JavaScript's dates end before Go's.
  if (/^\d+$/.test(text) && seconds <= 8.64e12) return seconds;
  throw invalid(`invalid SOURCE_DATE_EPOCH: ${text}`);
}

function runOptions(options: Options, buildArgs: Options): RunOptions {
  return {
    extraHosts: listOf(options.get('add-hosts')).map(hostOf),
    ulimits: listOf(options.get('ulimit')).map(ulimitOf),
    shmBytes: bytesOf('shm-size', options.get('shm-size')),
    cgroupParent: options.get('cgroup-parent') ?? '',
    hostname: options.get('hostname') || (buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') ?? ''),
    network: networkOf(options.get('force-network-mode') ?? ''),
    cacheNamespace: buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '',
    resources: resourcesOf(options),
  };
}

function listOf(text = ''): string[] {
  return text.split(',').filter((part) => part !== '');
}

function hostOf(text: string): RunOptions['extraHosts'][number] {
  const [host = '', ip = ''] = splitAt(text, '=');
  if (host === '' || ip === '') throw invalid(`invalid key-value pair ${text}`);
  return { Host: host, IP: ip };
}

function ulimitOf(text: string): RunOptions['ulimits'][number] {
  const [name = '', limits = ''] = splitAt(text, '=');
  const [soft = '', hard = soft] = splitAt(limits, ':');
  if (!/^-?\d{1,18}$/.test(soft) || !/^-?\d{1,18}$/.test(hard) || name === '') throw invalid(`invalid ulimit: ${text}`);
  return { Name: name, Soft: BigInt(soft), Hard: BigInt(hard) };
}

function splitAt(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function bytesOf(name: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const bytes = parseBytes(text);
  if (bytes === undefined) throw invalid(`failed to parse ${name}: ${text}`);
  return bytes;
}

function networkOf(text: string): number {
  if (text === '' || text === 'sandbox' || text === 'default') return netMode.UNSET;
  if (text === 'host') return netMode.HOST;
  if (text === 'none') return netMode.NONE;
  throw invalid(`invalid netmode ${text}`);
}

function resourcesOf(options: Options): RunResources | undefined {
  const names = ['memory', 'memswap', 'cpushares', 'cpuperiod', 'cpuquota', 'cpusetcpus', 'cpusetmems'];
  if (!names.some((name) => options.has(name))) return undefined;
  return {
    memory: numberOf('memory', options),
    memorySwap: numberOf('memswap', options),
    cpuShares: numberOf('cpushares', options),
    cpuPeriod: numberOf('cpuperiod', options),
    cpuQuota: numberOf('cpuquota', options),
    cpusetCpus: options.get('cpusetcpus') ?? '',
    cpusetMems: options.get('cpusetmems') ?? '',
  };
}

function numberOf(name: string, options: Options): number {
  const text = options.get(name) || '0';
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) throw invalid(`invalid ${name}: ${text}`);
  return number;
}
