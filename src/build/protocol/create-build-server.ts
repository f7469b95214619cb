import type { Platform } from '../../spec/index.ts';
import type { NewSession } from '../builder.ts';
import type { OpenExporter } from '../exporters/index.ts';
import { createGrpcServer, type GrpcServer, type Init, serve } from '../grpc/index.ts';
import { control, type SolveRequest, type solveResponse } from '../grpc/messages/control.ts';
import { llbBridge } from '../grpc/messages/gateway.ts';
import { health, healthCheckResponseServingStatus } from '../grpc/messages/health.ts';
import type { BuildRun, BuildRuns } from '../runs/index.ts';
import type { Sessions } from '../session/index.ts';
import { bridgeHandlers } from './bridge-service.ts';
import { type CacheView, cacheCalls } from './cache-calls.ts';
import { controlHandlers } from './control-service.ts';
import { Gateway } from './gateway.ts';
import { emptyHistory } from './history.ts';
import { solveBuild } from './solve-build.ts';
import { readInputs } from './solve-parts.ts';
import type { Workers } from './workers.ts';

export interface BuildServerDeps {
  readonly runs: BuildRuns;
  readonly sessions: Sessions;
  readonly acceptSession: (session: NewSession, signal: AbortSignal) => Promise<void>;
  readonly openExporter: OpenExporter;
  readonly cache: CacheView;
  readonly workers: Workers;
  /** The default platform of builds. */
  readonly platform: Platform;
  /** Learns of defects. */
  readonly onFault: (error: unknown, path: string) => void;
}

/** A frontend may call before its build is known. */
const BUILD_WAIT_MS = 3000;

/** The builder's services, for connections to `/grpc`. */
export function createBuildServer(deps: BuildServerDeps): GrpcServer {
  const { runs, workers, onFault } = deps;
  const gateways = new WeakMap<BuildRun, Gateway>();
  const served = [
    ...serve(
      control,
      controlHandlers({
        ...deps,
        cache: cacheCalls(deps.cache),
        history: emptyHistory(),
        solve: (request, signal) => solve(deps, gateways, request, signal),
        async *progress(id, waitMs, signal) {
          const run = await runs.waitOrEnded(id, waitMs, signal);
          yield* run.progress.read(signal);
        },
      }),
    ),
    ...serve(
      llbBridge,
      bridgeHandlers({
        workers,
        async gateway(id, signal) {
          const run = await runs.wait(id, BUILD_WAIT_MS, signal);
          return { run, gateway: gateways.get(run) as Gateway };
        },
      }),
    ),
    ...serve(health, {
      Check: async () => ({ status: healthCheckResponseServingStatus.SERVING }),
    }),
  ];
  return createGrpcServer(served, { onFault });
}

async function solve(
  deps: BuildServerDeps,
  gateways: WeakMap<BuildRun, Gateway>,
  request: SolveRequest,
  signal: AbortSignal,
): Promise<Init<typeof solveResponse>> {
  const { runs } = deps;
  const gateway = new Gateway(readInputs(request.FrontendInputs));
  const entitlements = new Set(request.Entitlements);
  const run = runs.open({ id: request.Ref, sessionId: request.Session, entitlements }, signal);
  gateways.set(run, gateway);
  try {
    return await solveBuild(deps, request, { run, gateway });
  } finally {
    runs.close(run);
  }
}
