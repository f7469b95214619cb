import { hostname } from 'node:os';
import type { Init } from '../../grpc/index.ts';
import type { workerRecord } from '../../grpc/messages/worker.ts';
import { type Platform, runnablePlatforms } from '../../spec/index.ts';
import { emulatedPlatforms } from './emulated-platforms.ts';
import { platformMessage } from './platform-messages.ts';

/** The one worker of the builder, as clients see it. */
export interface Workers {
  records(): readonly Init<typeof workerRecord>[];
}

export interface WorkerFacts {
  readonly id: string;
  /** Name of the snapshots' driver. That there is one means to clients that images may be indexes (decision 0015). */
  readonly snapshotter: string;
  readonly version: string;
  readonly platform: Platform;
  /** Level of an amd64 CPU: `v3`. */
  readonly architectureLevel: string | undefined;
  /** The address for `host-gateway`, if there is one. */
  readonly hostGateway: () => string | undefined;
  readonly cacheBytes: number | undefined;
}

const LABEL = 'org.mobyproject.buildkit.worker';

export function createWorkers(facts: WorkerFacts): Workers {
  return {
    records: () => [
      {
        ID: facts.id,
        Labels: new Map(Object.entries(labels(facts))),
        platforms: builderPlatforms(facts).map(platformMessage),
        GCPolicy: [{ all: true, keepDuration: 0n, filters: [], maxUsedSpace: facts.cacheBytes ?? 0 }],
        BuildkitVersion: { package: 'github.com/moby/buildkit', version: facts.version, revision: '' },
      },
    ],
  };
}

function labels({ snapshotter, hostGateway }: WorkerFacts): Readonly<Record<string, string>> {
  const gateway = hostGateway();
  return {
    [`${LABEL}.executor`]: 'oci',
    [`${LABEL}.hostname`]: hostname(),
    [`${LABEL}.snapshotter`]: snapshotter,
    ...(gateway === undefined ? {} : { [`${LABEL}.moby.host-gateway-ip`]: gateway }),
  };
}

/** The platforms that steps can run on, the host's first. */
export function builderPlatforms({
  platform,
  architectureLevel,
}: Pick<WorkerFacts, 'platform' | 'architectureLevel'>): readonly Platform[] {
  const top = Number(architectureLevel?.slice(1) ?? 1);
  const levels = Array.from({ length: Math.max(0, top - 1) }, (_, at) => ({ ...platform, variant: `v${at + 2}` }));
  const [own, ...others] = runnablePlatforms(platform);
  return [...(own === undefined ? [] : [own]), ...levels, ...others, ...emulatedPlatforms()];
}
