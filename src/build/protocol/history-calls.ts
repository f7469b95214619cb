import type { Init } from '../../grpc/index.ts';
import {
  type BuildHistoryRequest,
  type buildHistoryEvent,
  buildHistoryEventType,
  type buildHistoryRecord,
  type buildResultInfo,
  type descriptor,
  type UpdateBuildHistoryRequest,
} from '../../grpc/messages/control.ts';
import type { Descriptor } from '../../spec/index.ts';
import {
  type BuildHistory,
  errorDocument,
  errorStatus,
  type HistoryError,
  type HistoryEvent,
  type HistoryRecord,
  type HistoryResult,
  historyDigest,
} from '../history/index.ts';
import { maybeTimestamp, toTimestamp } from './timestamps.ts';

const TYPES = {
  started: buildHistoryEventType.STARTED,
  completed: buildHistoryEventType.COMPLETE,
  deleted: buildHistoryEventType.DELETED,
} as const;

/** `Control.ListenBuildHistory`. */
export async function* listenHistory(
  history: BuildHistory,
  { ActiveOnly, Ref, EarlyExit, Limit }: BuildHistoryRequest,
  signal: AbortSignal,
): AsyncGenerator<Init<typeof buildHistoryEvent>, void, undefined> {
  const request = { id: Ref, isActiveOnly: ActiveOnly, isShort: EarlyExit, limit: Limit };
  for await (const event of history.follow(request, signal)) yield eventMessage(event);
}

/** `Control.UpdateBuildHistory`. Nothing is left to finalize: records are complete. @throws EngineError notFound */
export function updateHistory(history: BuildHistory, request: UpdateBuildHistoryRequest): void {
  const { Ref, Pinned, Delete, Finalize } = request;
  if (Delete) history.remove(Ref);
  else if (!Finalize) history.pin(Ref, Pinned);
}

function eventMessage({ kind, record }: HistoryEvent): Init<typeof buildHistoryEvent> {
  return { type: TYPES[kind], record: recordMessage(record) };
}

function recordMessage(record: HistoryRecord): Init<typeof buildHistoryRecord> {
  const { error, steps, results } = record;
  return {
    Ref: record.id,
    Frontend: record.frontend,
    FrontendAttrs: new Map(Object.entries(record.frontendAttrs)),
    Exporters: record.exporters.map(({ type, attrs }) => ({ Type: type, Attrs: new Map(Object.entries(attrs)) })),
    error: error && errorStatus(error),
    externalError: error && errorDescriptor(error),
    CreatedAt: toTimestamp(record.createdAt),
    CompletedAt: maybeTimestamp(record.completedAt),
    ExporterResponse: new Map(Object.entries(record.response)),
    ...resultMessages(results),
    Generation: record.generation,
    pinned: record.isPinned,
    numCachedSteps: steps.cached,
    numTotalSteps: steps.total,
    numCompletedSteps: steps.completed,
    numWarnings: record.warnings,
  };
}

/** Clients read the place in the Dockerfile and the step's log by it. */
function errorDescriptor(error: HistoryError): Init<typeof descriptor> {
  const document = errorDocument(error);
  const mediaType = 'application/vnd.googeapis.google.rpc.status+proto';
  return { media_type: mediaType, digest: historyDigest(document), size: document.length };
}

/** One platform's result, or those of several by their platforms. */
function resultMessages(
  results: readonly HistoryResult[],
): Pick<Init<typeof buildHistoryRecord>, 'Result' | 'Results'> {
  const messages = results.map((result) => [result.platform, resultMessage(result)] as const);
  const [first] = messages;
  return messages.length > 1 ? { Results: new Map(messages) } : { Result: first?.[1] };
}

function resultMessage({ images, statements }: HistoryResult): Init<typeof buildResultInfo> {
  const attestations = statements.map(({ predicateType, json }) => ({
    mediaType: 'application/vnd.in-toto+json',
    digest: historyDigest(json),
    size: Buffer.byteLength(json),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  return {
    Attestations: attestations.map(descriptorMessage),
    Results: new Map(images.map(({ exporter, descriptor: made }) => [exporter, descriptorMessage(made)])),
  };
}

function descriptorMessage({ mediaType, digest, size, annotations }: Descriptor): Init<typeof descriptor> {
  return { media_type: mediaType, digest, size, annotations: new Map(Object.entries(annotations ?? {})) };
}
