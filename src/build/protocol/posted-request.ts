import { randomUUID } from 'node:crypto';
import { EngineError, invalid } from '../../base/errors.ts';
import { decode, encode } from '../../grpc/index.ts';
import { type SolveRequest, solveRequest } from '../../grpc/messages/control.ts';
import type { PostedBuild } from '../builder.ts';

export interface PostedPlace {
  readonly sessionId: string;
  /** Where the context is when it is the body of the request. */
  readonly url: string;
  /** The address for `host-gateway`, if there is one. */
  readonly hostGateway: string | undefined;
}

/** What a client of BuildKit would have asked. @throws EngineError in dockerd's words */
export function postedRequest(posted: PostedBuild, place: PostedPlace): SolveRequest {
  const { outputs, tags } = posted;
  if (outputs.length > 1) throw new EngineError('failed', 'multiple outputs not supported');
  const [output = { type: 'moby', attrs: new Map<string, string>() }] = outputs;
  const names = tags.filter((tag) => tag !== '');
  const named = output.type === 'moby' && names.length > 0 ? [['name', names.join(',')] as const] : [];
  const request = encode(solveRequest, {
    Ref: posted.id === '' ? randomUUID() : posted.id,
    Session: place.sessionId,
    Frontend: 'dockerfile.v0',
    FrontendAttrs: new Map(frontendAttrs(posted, place)),
    Exporters: [{ Type: output.type, Attrs: new Map([...output.attrs, ...named]) }],
    Cache: { Exports: isInlineCache(posted) ? [{ Type: 'inline' }] : [] },
    Entitlements: posted.networkMode === 'host' ? ['network.host'] : [],
  });
  return decode(solveRequest, request);
}

type Attr = readonly [name: string, value: string];

function frontendAttrs(posted: PostedBuild, { url, hostGateway }: PostedPlace): readonly Attr[] {
  const { remote, shmBytes, ulimits, buildArgs, labels } = posted;
  const given: readonly Attr[] = [
    ['context', remote === '' ? url : remote === 'client-session' ? '' : remote],
    ['filename', posted.dockerfile],
    ['target', posted.target],
    ['platform', posted.platform],
    ['cache-from', posted.cacheFrom.join(',')],
    ['add-hosts', posted.extraHosts.map((host) => hostPair(host, hostGateway)).join(',')],
    ['ulimit', ulimits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`).join(',')],
    ['shm-size', shmBytes > 0 ? String(shmBytes) : ''],
    ['cgroup-parent', posted.cgroupParent],
    ['force-network-mode', networkMode(posted.networkMode)],
  ];
  return [
    ...given.filter(([, value]) => value !== ''),
    ['image-resolve-mode', posted.pullsAlways ? 'pull' : 'default'],
    ...(posted.isCacheOff ? [['no-cache', ''] as const] : []),
    ...[...buildArgs].flatMap(([name, value]): Attr[] => (value === undefined ? [] : [[`build-arg:${name}`, value]])),
    ...[...labels].map(([name, value]): Attr => [`label:${name}`, value]),
  ];
}

/** The image carries its cache. Other clients ask for it by the protocol. */
function isInlineCache({ buildArgs }: PostedBuild): boolean {
  return /^(?:1|t|true)$/i.test(buildArgs.get('BUILDKIT_INLINE_CACHE') ?? '');
}

function networkMode(mode: string): string {
  if (mode === '' || mode === 'default') return '';
  if (mode === 'host' || mode === 'none') return mode;
  throw new EngineError('failed', `network mode ${JSON.stringify(mode)} not supported by buildkit`);
}

/** `host:address`, also with `=`. The address may be one of IPv6, in brackets or not. */
function hostPair(text: string, hostGateway: string | undefined): string {
  const [, name = '', given = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  const address = given === 'host-gateway' ? (hostGateway ?? '') : given;
  if (address === '') throw invalid(`invalid host ${text}`);
  return `${name}=${address.replace(/^\[(.*)\]$/, '$1')}`;
}
