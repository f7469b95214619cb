import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Builder, ClassicBuilder, ClassicRequest, PostedBuild, RemovalRule } from '../../../build/index.ts';
import { parsePlatform, type Ulimit } from '../../../spec/index.ts';
import { queryBool, queryString, queryStrings } from '../../codec/query.ts';
import { registryConfig } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';
import { jsonParameter, lenientInteger } from './parameters.ts';

const texts = z.array(z.string());
const ulimits: z.ZodMiniType<readonly Ulimit[]> = z.array(
  z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() }),
);

const outputs = z.array(
  z.object({ Type: z.string(), Attrs: z.optional(z.nullable(z.record(z.string(), z.string()))) }),
);

const query = z.object({
  t: queryStrings,
  dockerfile: queryString,
  remote: queryString,
  q: queryBool(),
  nocache: queryBool(),
  cachefrom: jsonParameter('cache-from', texts),
  pull: queryBool(),
  rm: queryBool(true),
  forcerm: queryBool(),
  buildargs: jsonParameter('build args', z.record(z.string(), z.nullable(z.string()))),
  labels: jsonParameter('labels', z.record(z.string(), z.string())),
  target: queryString,
  platform: queryString,
  networkmode: queryString,
  extrahosts: queryStrings,
  ulimits: jsonParameter('ulimit settings', ulimits),
  memory: lenientInteger,
  memswap: lenientInteger,
  cpushares: lenientInteger,
  cpuperiod: lenientInteger,
  cpuquota: lenientInteger,
  cpusetcpus: queryString,
  cpusetmems: queryString,
  cgroupparent: queryString,
  shmsize: lenientInteger,
  isolation: queryString,
  securityopt: queryString,
  squash: queryBool(),
  version: queryString,
  // Of BuildKit's builder alone.
  session: queryString,
  buildid: queryString,
  outputs: jsonParameter('outputs', outputs),
});

type Query = z.output<typeof query>;

/** The builders that serve `POST /build`. */
export interface PostedBuilders {
  readonly classic: ClassicBuilder;
  readonly builder: Pick<Builder, 'build'>;
  /** Whether what Docker calls experimental is allowed. */
  readonly isExperimental: boolean;
}

/** POST /build: the classic builder, or with `version=2` BuildKit's, which most clients call at /grpc. */
export const buildImage = defineRoute({
  method: 'POST',
  path: '/build',
  stream: true,
  query,
  querySince: { platform: '1.32', outputs: '1.40' },
  async handle({ query: asked, stream, headers }, { classic, builder, isExperimental }: PostedBuilders) {
    refuseUnsupported(asked, isExperimental);
    const shared = { ...sharedParts(asked), body: stream, credentials: registryConfig(headers['x-registry-config']) };
    if (asked.version === '2') {
      const posted: PostedBuild = { ...shared, ...postedParts(asked) };
      return { status: 200, progress: (send, signal) => builder.build(posted, send, signal) };
    }
    const request: ClassicRequest = {
      ...shared,
      id: asked.buildid,
      platform: asked.platform === '' ? undefined : parsePlatform(asked.platform),
      ...{ removes: removalRule(asked), isSquashed: asked.squash },
      hostConfig: hostConfigOf(asked),
    };
    return { status: 200, progress: (send, signal) => classic.build(request, send, signal) };
  },
});

function sharedParts(asked: Query) {
  return {
    ...{ remote: asked.remote, dockerfile: asked.dockerfile, tags: asked.t, target: asked.target },
    buildArgs: new Map(Object.entries(asked.buildargs ?? {}).map(([name, value]) => [name, value ?? undefined])),
    labels: new Map(Object.entries(asked.labels ?? {})),
    cacheFrom: asked.cachefrom ?? [],
    ...{ isCacheOff: asked.nocache, pullsAlways: asked.pull, isQuiet: asked.q },
  };
}

function postedParts(asked: Query) {
  return {
    ...{ id: asked.buildid, sessionId: asked.session, platform: asked.platform, networkMode: asked.networkmode },
    ...{ extraHosts: asked.extrahosts, ulimits: asked.ulimits ?? [], cgroupParent: asked.cgroupparent },
    shmBytes: asked.shmsize,
    outputs: (asked.outputs ?? []).map(({ Type, Attrs }) => ({
      type: Type,
      attrs: new Map(Object.entries(Attrs ?? {})),
    })),
  };
}

/** @throws EngineError invalid, in dockerd's words */
function refuseUnsupported({ version, isolation, securityopt, squash, remote }: Query, isExperimental: boolean): void {
  if (!['', '1', '2'].includes(version)) throw invalid(`invalid version ${JSON.stringify(version)}`);
  if (isolation !== '' && isolation !== 'default') throw invalid(`unsupported isolation: ${JSON.stringify(isolation)}`);
  if (securityopt !== '' && securityopt !== 'null' && securityopt !== '[]') {
    throw invalid('security options are not supported on linux');
  }
  if (squash && !isExperimental) throw invalid('squash is only supported with experimental mode');
  if (version !== '2' && remote === 'client-session') {
    throw invalid(
      'experimental session with v1 builder is no longer supported, use builder version v2 (BuildKit) instead',
    );
  }
}

/** `forcerm` includes `rm`. */
function removalRule({ rm, forcerm }: Query): RemovalRule {
  if (forcerm) return 'all';
  return rm ? 'succeeded' : 'none';
}

function hostConfigOf(asked: Query): ClassicRequest['hostConfig'] {
  return {
    NetworkMode: asked.networkmode,
    ExtraHosts: asked.extrahosts,
    Ulimits: asked.ulimits ?? [],
    Memory: asked.memory,
    MemorySwap: asked.memswap,
    CpuShares: asked.cpushares,
    CpuPeriod: asked.cpuperiod,
    CpuQuota: asked.cpuquota,
    CpusetCpus: asked.cpusetcpus,
    CpusetMems: asked.cpusetmems,
    CgroupParent: asked.cgroupparent,
    ...(asked.shmsize > 0 ? { ShmSize: asked.shmsize } : {}),
  };
}
