import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { ClassicBuilder, ClassicRequest, RemovalRule } from '../../../build/index.ts';
import { parsePlatform, type Ulimit } from '../../../spec/index.ts';
import { queryBool, queryString, queryStrings } from '../../codec/query.ts';
import { registryConfig } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';
import { jsonParameter, lenientInteger } from './parameters.ts';

const texts = z.array(z.string());
const ulimits: z.ZodMiniType<readonly Ulimit[]> = z.array(
  z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() }),
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
});

type Query = z.output<typeof query>;

/** POST /build: the classic builder. BuildKit's is served at /grpc. */
export const buildImage = defineRoute({
  method: 'POST',
  path: '/build',
  stream: true,
  query,
  querySince: { platform: '1.32' },
  async handle({ query: asked, stream, headers }, builder: ClassicBuilder) {
    refuseUnsupported(asked);
    const request: ClassicRequest = {
      body: stream,
      ...{ remote: asked.remote, dockerfile: asked.dockerfile, tags: asked.t, target: asked.target },
      platform: asked.platform === '' ? undefined : parsePlatform(asked.platform),
      buildArgs: new Map(Object.entries(asked.buildargs ?? {}).map(([name, value]) => [name, value ?? undefined])),
      labels: new Map(Object.entries(asked.labels ?? {})),
      cacheFrom: asked.cachefrom ?? [],
      ...{ isCacheOff: asked.nocache, pullsAlways: asked.pull, isQuiet: asked.q },
      removes: removalRule(asked),
      hostConfig: hostConfigOf(asked),
      credentials: registryConfig(headers['x-registry-config']),
    };
    return { status: 200, progress: (send, signal) => builder.build(request, send, signal) };
  },
});

/** @throws EngineError invalid, in dockerd's words */
function refuseUnsupported({ version, isolation, securityopt, squash, remote }: Query): void {
  if (version === '2') {
    throw invalid('version=2 of POST /build (BuildKit) is not served: use docker buildx, which builds by POST /grpc');
  }
  if (version !== '' && version !== '1') throw invalid(`invalid version ${JSON.stringify(version)}`);
  if (isolation !== '' && isolation !== 'default') throw invalid(`unsupported isolation: ${JSON.stringify(isolation)}`);
  if (securityopt !== '' && securityopt !== 'null' && securityopt !== '[]') {
    throw invalid('security options are not supported on linux');
  }
  if (squash) throw invalid('squash is only supported with experimental mode');
  if (remote === 'client-session') {
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
