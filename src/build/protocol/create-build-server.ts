import { createGrpcServer, type GrpcServer, type Init, serve } from '../../grpc/index.ts';
import { content } from '../../grpc/messages/content.ts';
import { control, type SolveRequest, type solveResponse } from '../../grpc/messages/control.ts';
import { llbBridge } from '../../grpc/messages/gateway.ts';
import { health, healthCheckResponseServingStatus } from '../../grpc/messages/health.ts';
import type { ContentStore } from '../../store/index.ts';
import type { OpenContainer } from '../build-container.ts';
import type { NewSession } from '../builder.ts';
import type { BuildHistory } from '../history/index.ts';
import type { BuildRun, BuildRuns } from '../runs/index.ts';
import type { Progress } from '../solver/index.ts';
import { bridgeHandlers } from './bridge-service.ts';
import { type CacheView, cacheCalls } from './cache-calls.ts';
import { contentHandlers } from './content-service.ts';
import { controlHandlers } from './control-service.ts';
import { Gateway } from './gateway.ts';
import { recordedBuild } from './recorded-build.ts';
import { type SolveDeps, solveBuild } from './solve-build.ts';
import { readInputs } from './solve-parts.ts';
import type { Workers } from './workers.ts';

export interface BuildServerDeps extends SolveDeps {
  readonly runs: BuildRuns;
  readonly acceptSession: (session: NewSession, signal: AbortSignal) => Promise<void>;
  readonly cache: CacheView;
  readonly history: BuildHistory;
  readonly content: Pick<ContentStore, 'sizeBytes' | 'open'>;
  readonly workers: Workers;
  readonly openContainer: OpenContainer;
  /** Learns of defects. */
  readonly onFault: (error: unknown, path: string) => void;
}

/** A frontend may call before its build is known. */
const BUILD_WAIT_MS = 3000;

export interface BuildServer extends GrpcServer {
  /** Runs a build to its end. `begun` is called at once. @throws GrpcError */
  solve(
    request: SolveRequest,
    signal: AbortSignal,
    begun?: (run: BuildRun) => void,
  ): Promise<Init<typeof solveResponse>>;
}

/** The builder's services, for connections to `/grpc`. */
export function createBuildServer(deps: BuildServerDeps): BuildServer {
  const { runs, workers, onFault } = deps;
  const gateways = new WeakMap<BuildRun, Gateway>();
  const served = [
    ...serve(
      control,
      controlHandlers({
        ...deps,
        cache: cacheCalls(deps.cache),
        solve: (request, signal) => solve({ ...deps, gateways }, request, signal),
        progress: (id, waitMs, signal) => progressOf(deps, id, { waitMs, signal }),
      }),
    ),
    ...serve(
      llbBridge,
      bridgeHandlers({
        workers,
        openContainer: deps.openContainer,
        async gateway(id, signal) {
          const run = await runs.wait(id, BUILD_WAIT_MS, signal);
          return { run, gateway: gateways.get(run) as Gateway };
        },
      }),
    ),
    ...serve(content, contentHandlers(readable(deps))),
    ...serve(health, {
      Check: async () => ({ status: healthCheckResponseServingStatus.SERVING }),
    }),
  ];
  return {
    ...createGrpcServer(served, { onFault }),
    solve: (request, signal, begun) => solve({ ...deps, gateways, begun }, request, signal),
  };
}

interface SolveContext extends BuildServerDeps {
  readonly gateways: WeakMap<BuildRun, Gateway>;
  readonly begun?: ((run: BuildRun) => void) | undefined;
}

async function solve(
  { gateways, begun, ...deps }: SolveContext,
  request: SolveRequest,
  signal: AbortSignal,
): Promise<Init<typeof solveResponse>> {
  const { runs } = deps;
  const gateway = new Gateway(readInputs(request.FrontendInputs));
  const entitlements = new Set(request.Entitlements);
  const run = runs.open({ id: request.Ref, sessionId: request.Session, entitlements }, signal);
  gateways.set(run, gateway);
  begun?.(run);
  try {
    const work = () => solveBuild(deps, request, { run, gateway });
    // Internal builds ask for capabilities and the like.
    const solved = await (request.Internal ? work() : recordedBuild(deps.history, request, { run, solve: work }));
    return solved.response;
  } finally {
    // Before the steps' results go on which they stand.
    await gateway[Symbol.asyncDispose]();
    runs.close(run);
  }
}

/** Of a build under way, of one that begins soon, or of one that has ended. */
async function* progressOf(
  { runs, history }: BuildServerDeps,
  id: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly Progress[], void, undefined> {
  const kept = runs.running.has(id) ? undefined : history.log(id);
  if (kept !== undefined) yield* kept;
  else yield* (await runs.progress(id, waitMs, signal)).read(signal);
}

function readable({ content, history }: BuildServerDeps): Parameters<typeof contentHandlers>[0] {
  return {
    sizeBytes: (digest) => content.sizeBytes(digest),
    open: (digest, range) => content.open(digest, range),
    document: (digest) => history.document(digest),
  };
}
