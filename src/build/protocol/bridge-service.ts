import type { Digest } from '../../base/ids.ts';
import { code, GrpcError, type Handlers, type ServerCall } from '../../grpc/index.ts';
import type { llbBridge, WarnRequest } from '../../grpc/messages/gateway.ts';
import { pathMatch } from '../../spec/index.ts';
import type { FrontendWarning } from '../frontend/bridge.ts';
import { writeDefinition } from '../llb/index.ts';
import { type BuildRun, readTreeDirectory, readTreeFile, statTreeFile } from '../runs/index.ts';
import { FRONTEND_CAPS, GRAPH_CAPS } from './capabilities.ts';
import { type ContainerHandlerDeps, containerHandlers } from './container-handlers.ts';
import { statMessage } from './file-stat.ts';
import type { Gateway } from './gateway.ts';
import { readPlatform } from './platform-messages.ts';
import { resolveModeOf, resolveSource } from './resolve-source.ts';
import { solveParts } from './solve-parts.ts';
import type { Workers } from './workers.ts';

/** The metadata that names a call's build. */
const BUILD_ID = 'buildkit-controlapi-buildid';
const ORIGIN = { line: 0, character: 0 };

export interface BridgeDeps extends ContainerHandlerDeps {
  /** The build that a frontend of a client drives. Waits some seconds. @throws EngineError notFound */
  gateway(buildId: string, signal: AbortSignal): Promise<{ readonly run: BuildRun; readonly gateway: Gateway }>;
  readonly workers: Workers;
}

/** Handlers of LLBBridge: what a frontend in a client asks of the build that it drives. */
export function bridgeHandlers(deps: BridgeDeps): Handlers<typeof llbBridge> {
  const of = (call: ServerCall) => gatewayOf(deps, call);
  return {
    ...fileHandlers(deps),
    ...containerHandlers(deps, of),
    async Ping(_request, call) {
      await of(call);
      return { FrontendAPICaps: FRONTEND_CAPS, LLBCaps: GRAPH_CAPS, Workers: deps.workers.records() };
    },
    async Solve(request, call) {
      const { run, gateway } = await of(call);
      const signal = AbortSignal.any([call.signal, run.signal]);
      const made = await told(gateway, async () => {
        const asked = { ...request, options: request.FrontendOpt, imports: request.CacheImports };
        const parts = await solveParts(run, asked, signal);
        if (request.Evaluate) await Promise.all(parts.refs.map(({ edge }) => run.tree(edge)));
        return parts;
      });
      if (request.Final) {
        // Clients without `Return`.
        gateway.finish(made);
        return {};
      }
      const isArrayAllowed = request.allowResultArrayRef;
      return { result: gateway.message(made, isArrayAllowed) };
    },
    async ResolveImageConfig(request, call) {
      const { run } = await of(call);
      if (request.ResolverType !== 0) throw new GrpcError(code.unimplemented, 'OCI layouts cannot be resolved by name');
      const found = await run.resolveImage(
        {
          ref: request.Ref,
          platform: readPlatform(request.Platform),
          mode: resolveModeOf(request.ResolveMode),
          logName: request.LogName || `resolve image config for ${request.Ref}`,
        },
        call.signal,
      );
      return { Digest: found.digest, Config: found.config, Ref: found.ref };
    },
    async ResolveSourceMeta(request, call) {
      return await resolveSource((await of(call)).run, request, call.signal);
    },
    async Evaluate({ Ref }, call) {
      const { run, gateway } = await of(call);
      await told(gateway, () => run.tree(gateway.edge(Ref)));
      return {};
    },
    async Return(request, call) {
      (await of(call)).gateway.take(request);
      return {};
    },
    async Warn(request, call) {
      (await of(call)).run.warn(readWarning(request));
      return {};
    },
  };
}

async function told<T>(gateway: Gateway, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw gateway.toldError(error);
  }
}

type Called = Awaited<ReturnType<BridgeDeps['gateway']>>;

function gatewayOf(deps: BridgeDeps, call: ServerCall): Promise<Called> {
  return deps.gateway(call.metadata.get(BUILD_ID) ?? '', call.signal);
}

/** Handlers that read files of results, and the graphs that came with the build. */
function fileHandlers(deps: BridgeDeps): Handlers<typeof llbBridge> {
  /** Runs work on the folder of a result. */
  const inTree = async <T>(ref: string, call: ServerCall, work: (root: string) => Promise<T>): Promise<T> => {
    const { run, gateway } = await gatewayOf(deps, call);
    return await told(gateway, () => run.withTree(gateway.edge(ref), work));
  };
  return {
    async Inputs(_request, call) {
      const { gateway } = await gatewayOf(deps, call);
      return { Definitions: new Map([...gateway.inputs].map(([name, edge]) => [name, writeDefinition(edge)])) };
    },
    async ReadFile({ Ref, FilePath, Range }, call) {
      const range = { offset: Range?.Offset ?? 0, length: Range?.Length ?? 0 };
      return { Data: await inTree(Ref, call, (root) => readTreeFile(root, FilePath, range)) };
    },
    async ReadDir({ Ref, DirPath, IncludePattern }, call) {
      const entries = await inTree(Ref, call, (root) => readTreeDirectory(root, DirPath));
      return {
        entries: entries
          .filter(({ name }) => IncludePattern === '' || pathMatch(IncludePattern, name))
          .map(statMessage),
      };
    },
    async StatFile({ Ref, Path }, call) {
      return { stat: statMessage(await inTree(Ref, call, (root) => statTreeFile(root, Path))) };
    },
  };
}

function readWarning({ info, ranges, level, url, short, detail, digest }: WarnRequest): FrontendWarning {
  const place = ranges.map(({ start, end }) => ({ start: start ?? ORIGIN, end: end ?? ORIGIN }));
  return {
    level,
    url,
    location: info && { source: info, ranges: place },
    short: short.toString(),
    detail: detail.map((line) => line.toString()),
    ...(digest === '' ? {} : { digest: digest as Digest }),
  };
}
