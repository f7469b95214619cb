import { toGrpcError } from '../../grpc/index.ts';
import type { SolveRequest } from '../../grpc/messages/control.ts';
import type { BuildHistory, HistoryError, HistoryRecord, HistoryResult } from '../history/index.ts';
import type { BuildRun } from '../runs/index.ts';
import { exportRequests, type SolvedBuild, type SolvedResult } from './solve-build.ts';

/** Runs a build, and keeps it in the history: from its start on as a build under way, and then how it ended. */
export async function recordedBuild(
  history: BuildHistory,
  request: SolveRequest,
  { run, solve }: { readonly run: BuildRun; readonly solve: () => Promise<SolvedBuild> },
): Promise<SolvedBuild> {
  const begun = begunRecord(request);
  history.begin(begun);
  try {
    const solved = await solve();
    const { response, results } = solved;
    const told = Object.fromEntries(response.ExporterResponse ?? []);
    history.end(endedRecord(begun, run, { response: told, results: results.map(recorded) }), logOf(run));
    return solved;
  } catch (error) {
    history.end(endedRecord(begun, run, { error: historyError(error) }), logOf(run));
    throw error;
  }
}

function recorded({ platform, images, provenance }: SolvedResult): HistoryResult {
  const { predicateType, predicate } = provenance;
  return { platform, images, statements: [{ predicateType, json: JSON.stringify(predicate) }] };
}

/** All of the progress, which ends with the build. */
function logOf({ progress }: BuildRun) {
  return progress.read(new AbortController().signal);
}

function begunRecord(request: SolveRequest): HistoryRecord {
  return {
    id: request.Ref,
    frontend: request.Frontend,
    frontendAttrs: Object.fromEntries(request.FrontendAttrs),
    exporters: exportRequests(request).map(({ type, attrs }) => ({ type, attrs: Object.fromEntries(attrs) })),
    createdAt: Date.now(),
    response: {},
    steps: { total: 0, completed: 0, cached: 0 },
    warnings: 0,
    isPinned: false,
    generation: 1,
    results: [],
  };
}

function endedRecord(
  begun: HistoryRecord,
  { progress }: BuildRun,
  end: Pick<HistoryRecord, 'error'> | Pick<HistoryRecord, 'response' | 'results'>,
): HistoryRecord {
  const { warnings, ...steps } = progress.counts;
  return { ...begun, ...end, steps, warnings, completedAt: Date.now(), generation: begun.generation + 1 };
}

function historyError(error: unknown): HistoryError {
  const { code, message, details } = toGrpcError(error);
  const packed = details.map(({ type_url: type, value }) => ({ type, value: value.toString('base64') }));
  return { code, message, details: packed };
}
