import { parseBytes } from '../../base/sizes.ts';
import type { WorkerRecord } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { csvFields, cut, keyValues } from './key-values.ts';

const LABEL = 'org.mobyproject.buildkit.worker';

/** Whether the engine's images may be indexes, so that attestations have a place. */
export function keepsIndexes(worker: WorkerRecord | undefined): boolean {
  return worker?.Labels.has(`${LABEL}.snapshotter`) === true;
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly worker: WorkerRecord | undefined;
  /** Build arguments that the flags do not give. */
  readonly proxies: Readonly<Record<string, string>>;
}

/** Options of the Dockerfile frontend, from the flags that do not concern contexts. @throws CliError */
export function buildAttrs(flags: Flags, around: Surroundings): Readonly<Record<string, string>> {
  const attrs: Record<string, string> = { 'image-resolve-mode': flags.bool('pull') ? 'pull' : 'local' };
  const set = (name: string, value: string): void => {
    if (value !== '') attrs[name] = value;
  };
  set('target', flags.string('target'));
  set('platform', (flags.list('platform').length > 0 ? flags.list('platform') : platformOf(around.env)).join(','));
  set('cgroup-parent', flags.string('cgroup-parent'));
  set('ulimit', flags.list('ulimit').map(ulimit).join(','));
  set(
    'add-hosts',
    flags
      .list('add-host')
      .map((host) => extraHost(host, around.worker))
      .join(','),
  );
  if (flags.changed('shm-size')) set('shm-size', String(parseBytes(flags.string('shm-size')) || ''));
  if (flags.bool('no-cache')) attrs['no-cache'] = '';
  else set('no-cache', flags.list('no-cache-filter').flatMap(csvFields).join(','));
  set('force-network-mode', networkMode(flags.string('network')));
  for (const [name, value] of Object.entries(around.proxies)) attrs[`build-arg:${name}`] = value;
  for (const [name, value] of buildArgs(flags.list('build-arg'), around.env)) attrs[`build-arg:${name}`] = value;
  for (const label of flags.list('label')) {
    const [name, value = ''] = cut(label, '=');
    attrs[`label:${name}`] = value;
  }
  return { ...attrs, ...attestations(flags, around) };
}

/** Rights that the build asks for. */
export function entitlements(flags: Flags): readonly string[] {
  return [...flags.list('allow').flatMap(csvFields), ...(flags.string('network') === 'host' ? ['network.host'] : [])];
}

function platformOf(env: Surroundings['env']): readonly string[] {
  return [env['DOCKER_DEFAULT_PLATFORM'] ?? ''].filter((text) => text !== '');
}

/** An argument without a value is taken from the environment, and left out where it is not there. */
function buildArgs(given: readonly string[], env: Surroundings['env']): readonly (readonly [string, string])[] {
  const found = given.flatMap((each): (readonly [string, string])[] => {
    const [name, value = env[name]] = cut(each, '=');
    return value === undefined ? [] : [[name, value]];
  });
  const epoch = env['SOURCE_DATE_EPOCH'] ?? '';
  const hasEpoch = found.some(([name]) => name === 'SOURCE_DATE_EPOCH');
  return epoch === '' || hasEpoch ? found : [...found, ['SOURCE_DATE_EPOCH', epoch]];
}

function networkMode(mode: string): string {
  if (mode === '' || mode === 'default') return '';
  if (mode === 'host' || mode === 'none') return mode;
  throw new CliError(1, `ERROR: failed to build: network mode ${JSON.stringify(mode)} not supported by buildkit`);
}

function ulimit(text: string): string {
  const [name, limits = ''] = cut(text, '=');
  const [soft, hard = soft] = cut(limits, ':');
  return `${name}=${soft}:${hard}`;
}

function extraHost(text: string, worker: WorkerRecord | undefined): string {
  const sign = text.includes('=') ? '=' : ':';
  const [host, ip = ''] = cut(text, sign);
  if (host === '' || ip === '') throw new CliError(1, `invalid host ${text}`);
  if (ip !== 'host-gateway') return `${host}=${ip.replace(/^\[(.*)\]$/, '$1')}`;
  const gateway = worker?.Labels.get(`${LABEL}.moby.host-gateway-ip`);
  if (gateway === undefined) throw new CliError(1, 'unable to derive the IP value for host-gateway');
  return `${host}=${gateway}`;
}

/** Further keys are variables of a scanner. */
const PARAMETERS = { keepsCase: true };

/** Provenance is attached by default where it has a place, as by buildx. */
function attestations(flags: Flags, { env, worker }: Surroundings): Readonly<Record<string, string>> {
  const attrs: Record<string, string> = {};
  for (const each of flags.list('attest')) {
    const { type = '', disabled = 'false', ...rest } = keyValues(each, '--attest', PARAMETERS);
    if (type === '') throw new CliError(1, 'attestation type not specified');
    if (disabled === 'true') attrs[`attest:${type}`] = 'disabled=true';
    else attrs[`attest:${type}`] = joined(rest);
  }
  for (const type of ['provenance', 'sbom']) {
    const value = flags.string(type);
    if (value === '') continue;
    if (/^(?:true|1|t)$/i.test(value)) attrs[`attest:${type}`] = '';
    else if (/^(?:false|0|f)$/i.test(value)) attrs[`attest:${type}`] = 'disabled=true';
    else attrs[`attest:${type}`] = joined(keyValues(value, `--${type}`, PARAMETERS));
  }
  const asked = Object.entries(attrs).filter(([, value]) => value !== 'disabled=true');
  if (asked.length > 0 && !keepsIndexes(worker))
    throw new CliError(1, 'ERROR: failed to build: attestation is not supported by the image store of this engine');
  const isOff = env['BUILDX_NO_DEFAULT_ATTESTATIONS'] === '1' || attrs['attest:provenance'] !== undefined;
  const byDefault = isOff || !keepsIndexes(worker) ? {} : { 'attest:provenance': 'mode=min,inline-only=true' };
  return { ...byDefault, ...Object.fromEntries(asked) };
}

function joined(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}
