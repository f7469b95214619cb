import type { Init } from '../../grpc/index.ts';
import type { SolveRequest, solveResponse } from '../../grpc/messages/control.ts';
import type { Descriptor, Platform } from '../../spec/index.ts';
import { type Provenance, type SbomOptions, sbomOptions } from '../attest/index.ts';
import type { Exported, ExportedResult, Exporter, ExportRequest, OpenExporter } from '../exporters/index.ts';
import { type FrontendAttestation, openScanner, SPDX } from '../frontend/index.ts';
import type { BuildRun } from '../runs/index.ts';
import { type ExportCachesDeps, exportCaches, openCacheExports, withInlineCache } from './export-caches.ts';
import { exportedResult, type MadeResult } from './exported-result.ts';
import type { Gateway, GatewayResult } from './gateway.ts';
import { provenanceFor } from './provenance-for.ts';
import { readStatements } from './read-statements.ts';
import { type SolveParts, solveParts } from './solve-parts.ts';

export interface SolveDeps extends ExportCachesDeps {
  readonly openExporter: OpenExporter;
  readonly platform: Platform;
}

/** What a build has made. */
export interface SolvedBuild {
  readonly response: Init<typeof solveResponse>;
  readonly results: readonly SolvedResult[];
}

export interface SolvedResult {
  readonly platform: string;
  /** Manifests, each with the place of its exporter in the client's list. */
  readonly images: { readonly exporter: number; readonly descriptor: Descriptor }[];
  readonly provenance: Provenance;
}

/**
 * Runs a build to its end: its frontend, or the client as frontend, then its steps, then its exporters.
 * @throws GrpcError with details; EngineError
 */
export async function solveBuild(
  deps: SolveDeps,
  request: SolveRequest,
  { run, gateway }: { readonly run: BuildRun; readonly gateway: Gateway },
): Promise<SolvedBuild> {
  const caches = openCacheExports(deps, request);
  const sbom = sbomOptions(request.FrontendAttrs);
  const statements = provenanceFor(request.FrontendAttrs, { run, platform: deps.platform });
  const exporters = exportRequests(request).map((each) => ({ ...each, exporter: deps.openExporter(each) }));
  const returned = await graphsOf(request, { run, gateway });
  /** What frontends and scanners say, by the platforms of the results. */
  const said = new Map<string, readonly FrontendAttestation[]>();
  const solved = await exportedResult(run, returned, {
    host: deps.platform,
    async attest(result) {
      const given = [...result.given, ...(await scanned(run, result, sbom))];
      said.set(result.platform, given);
      const read = await readStatements(run, given);
      const provenance = statements.attached({ edge: result.edge, said: given });
      return provenance === undefined ? read : [...read, provenance];
    },
  });
  const made = solved.platforms.map((platform, at) => ({ platform, edge: returned.refs[at]?.edge }));
  const platforms = caches.isInline ? made.map((each) => withInlineCache(deps, { run, made: each })) : solved.platforms;
  const result = { ...solved, platforms };
  const responses = new Map<string, string>();
  for (const [key, value] of result.metadata) {
    if (key.startsWith('frontend.')) responses.set(key, Buffer.from(value).toString());
  }
  const results = result.platforms.map(
    ({ id }, at): SolvedResult => ({
      platform: id,
      images: [],
      provenance: statements.recorded({ edge: returned.refs[at]?.edge, said: said.get(id) ?? [] }),
    }),
  );
  for (const [at, { exporter }] of exporters.entries()) {
    const { response, images } = await runExporter(deps, exporter, { run, result });
    for (const [key, value] of response) responses.set(key, value);
    for (const { platform, descriptor } of images) {
      results.find((each) => each.platform === platform)?.images.push({ exporter: at, descriptor });
    }
  }
  for (const [key, value] of await exportCaches(deps, caches, { run, made })) responses.set(key, value);
  return { response: { ExporterResponse: responses }, results };
}

const EPOCH = 'source-date-epoch';

/** The exporters that a request names. Older clients name one in other fields. The build argument of the time is theirs too. */
export function exportRequests(request: SolveRequest): readonly ExportRequest[] {
  const epoch = request.FrontendAttrs.get('build-arg:SOURCE_DATE_EPOCH');
  const given = epoch === undefined ? [] : ([[EPOCH, epoch]] as const);
  return named(request).map((each) => ({ ...each, attrs: new Map([...given, ...each.attrs]) }));
}

function named({ Exporters, ExporterDeprecated, ExporterAttrsDeprecated }: SolveRequest): readonly ExportRequest[] {
  if (Exporters.length > 0) {
    return Exporters.map(({ Type, Attrs }, at) => ({ id: String(at), type: Type, attrs: Attrs }));
  }
  if (ExporterDeprecated === '') return [];
  return [{ id: '0', type: ExporterDeprecated, attrs: ExporterAttrsDeprecated }];
}

async function graphsOf(
  request: SolveRequest,
  { run, gateway }: { readonly run: BuildRun; readonly gateway: Gateway },
): Promise<GatewayResult> {
  const { Frontend, Definition } = request;
  // The client drives the build itself, and returns the result when it has it.
  if (Frontend === '' && (Definition?.def.length ?? 0) === 0) return await whenReturned(run, gateway);
  const made = await solveParts(
    run,
    { ...request, options: request.FrontendAttrs, imports: importsOf(request) },
    run.signal,
  );
  return { ...made, isMultiple: made.refs.some(({ id }) => id !== '') };
}

/** The list of packages that the client asks for, where the frontend has made none. @throws EngineError */
async function scanned(
  run: BuildRun,
  { edge, platform, given }: MadeResult,
  sbom: SbomOptions | undefined,
): Promise<readonly FrontendAttestation[]> {
  if (sbom === undefined || given.some(({ predicateType }) => predicateType === SPDX)) return [];
  const scanner = await openScanner(run, sbom, run.signal);
  return [scanner({ edge, platform, extras: new Map(), ignoresCache: false })];
}

async function whenReturned(run: BuildRun, gateway: Gateway): Promise<GatewayResult> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(run.signal.reason);
  run.signal.addEventListener('abort', onAbort, { once: true });
  if (run.signal.aborted) onAbort();
  try {
    return await Promise.race([gateway.returned, promise]);
  } finally {
    run.signal.removeEventListener('abort', onAbort);
  }
}

async function runExporter(
  { sessions }: SolveDeps,
  exporter: Exporter,
  { run, result }: { readonly run: BuildRun; readonly result: ExportedResult },
): Promise<Exported> {
  const { sessionId, signal } = run;
  const session = () => sessions.get(sessionId, signal);
  return await run.step({ name: exporter.name }, (report) =>
    exporter.run(result, { sessionId, session, report, signal }),
  );
}

/** The caches for a graph of the client. */
function importsOf({ Cache }: SolveRequest): SolveParts['imports'] {
  const older = (Cache?.ImportRefsDeprecated ?? []).map((ref) => ({
    Type: 'registry',
    Attrs: new Map([['ref', ref]]),
  }));
  return [...older, ...(Cache?.Imports ?? [])];
}
