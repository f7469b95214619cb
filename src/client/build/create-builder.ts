import { randomBytes } from 'node:crypto';
import { type GrpcClient, toGrpcError } from '../../grpc/index.ts';
import { control, type StatusResponse } from '../../grpc/messages/control.ts';
import { llbBridge } from '../../grpc/messages/gateway.ts';
import type { Engine } from '../engine-client.ts';
import type { Builder, BuildRequest, HistoryRecord, PruneLimits } from './builder.ts';
import { debugSolve } from './debug-solve.ts';
import { writeCacheIndex, writeIndex } from './layouts/write-index.ts';
import { lostError } from './lost-error.ts';
import { connectBuilder } from './open-connections.ts';
import { recordDocument, recordFailure } from './record-documents.ts';
import { serveSession } from './session/serve-session.ts';

/** How long the status may be silent after the answer. */
const STATUS_GRACE_MS = 5000;
const FRONTEND = 'dockerfile.v0';

/** Connects to an engine's builder. @throws EngineError */
export async function createBuilder(engine: Pick<Engine, 'hijack'>, signal: AbortSignal): Promise<Builder> {
  const client = await connectBuilder(engine, signal);
  return {
    workers: async (stop) => (await client.unary(control.ListWorkers, {}, {}, stop)).record,
    build: (request, stop) => build({ engine, client }, request, stop),
    ask: (kind, request, stop) => ask({ engine, client }, { kind, request }, stop),
    cacheRecords: async (filter, stop) => (await client.unary(control.DiskUsage, { filter }, {}, stop)).record,
    prune: (limits, stop) => {
      const call = client.call(control.Prune, {}, stop);
      void call.send(pruneRequest(limits)).then(() => call.end());
      return call.responses;
    },
    history: (stop) => history(client, stop),
    status: (ref, stop) => statusOf(client, ref, stop),
    async removeRecord(ref, stop) {
      await client.unary(control.UpdateBuildHistory, { Ref: ref, Delete: true }, {}, stop);
    },
    document: (digest, stop) => recordDocument(client, digest, stop),
    failure: (record, stop) => recordFailure(client, record, stop),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

interface Connected {
  readonly engine: Pick<Engine, 'hijack'>;
  readonly client: GrpcClient;
}

const newRef = (): string => randomBytes(16).toString('hex').slice(0, 25);

async function build({ engine, client }: Connected, request: BuildRequest, signal: AbortSignal) {
  const ref = newRef();
  await using session = await serveSession(engine, { offer: request.session, outputs: request.outputs }, signal);
  const exporters = request.outputs.map(({ type, attrs }) => ({ Type: type, Attrs: mapOf(attrs) }));
  const solve = {
    Ref: ref,
    Session: session.id,
    Frontend: FRONTEND,
    FrontendAttrs: mapOf(frontendAttrs(request)),
    Entitlements: request.entitlements,
    Exporters: exporters,
    // For engines before several outputs.
    ...(exporters[0] === undefined
      ? {}
      : { ExporterDeprecated: exporters[0].Type, ExporterAttrsDeprecated: exporters[0].Attrs }),
    Cache: { Imports: entries(request.cacheImports), Exports: entries(request.cacheExports) },
  };
  const { onStatus, onFailed } = request;
  const { ExporterResponse } = await watched({ client, ref, onStatus }, signal, async (stop) => {
    if (onFailed === undefined) return await client.unary(control.Solve, solve, {}, stop);
    const solving = client.unary(control.Solve, { ...solve, Frontend: '' }, {}, stop);
    solving.catch(() => undefined);
    await debugSolve({ client, ref }, { frontend: FRONTEND, attrs: solve.FrontendAttrs }, onFailed, stop);
    return await solving;
  }).catch(async (error: unknown) => {
    throw await lostError(engine, { ref, error }, signal);
  });
  for (const { receive } of request.outputs) {
    if (receive?.kind === 'layout') writeIndex(receive.path, ExporterResponse);
  }
  for (const { type, attrs } of request.cacheExports) {
    if (type === 'local') writeCacheIndex(attrs['dest'] ?? '', attrs['tag'] ?? 'latest', ExporterResponse);
  }
  return { ref, response: ExporterResponse };
}

/** A subrequest: the client plays the frontend, which asks the real one, and returns nothing to build. */
async function ask(
  { engine, client }: Connected,
  { kind, request }: { readonly kind: string; readonly request: BuildRequest },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const ref = newRef();
  await using session = await serveSession(engine, { offer: request.session, outputs: [] }, signal);
  const options = { metadata: { 'buildkit-controlapi-buildid': ref } };
  const attrs = {
    ...frontendAttrs(request),
    requestid: `frontend.${kind}`,
    'frontend.caps': 'moby.buildkit.frontend.subrequests+forward',
  };
  return await watched({ client, ref, onStatus: request.onStatus }, signal, async (stop) => {
    const solving = client.unary(control.Solve, { Ref: ref, Session: session.id, Internal: true }, {}, stop);
    solving.catch(() => undefined);
    try {
      const asked = {
        Frontend: FRONTEND,
        FrontendOpt: mapOf(attrs),
        allowResultReturn: true,
        allowResultArrayRef: true,
      };
      const { result } = await client.unary(llbBridge.Solve, asked, options, stop);
      await client.unary(llbBridge.Return, { result: {} }, options, stop);
      await solving;
      return result?.metadata ?? new Map();
    } catch (error) {
      const { code: number, message, details } = toGrpcError(error);
      const failure = { error: { code: number, message, details } };
      await client.unary(llbBridge.Return, failure, options, stop).catch(() => undefined);
      await solving.catch(() => undefined);
      throw error;
    }
  });
}

/** Does the work while the status of the build is read to its end. */
async function watched<T>(
  { client, ref, onStatus }: { client: GrpcClient; ref: string; onStatus: (status: StatusResponse) => void },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const watching = (async () => {
    const stop = AbortSignal.any([signal, silence.signal]);
    for await (const status of statusOf(client, ref, stop)) onStatus(status);
  })();
  // The answer tells why a build failed; the status only shows it.
  watching.catch(() => undefined);
  try {
    return await work(signal);
  } finally {
    const timer = setTimeout(() => silence.abort(), STATUS_GRACE_MS);
    await watching.catch(() => undefined);
    clearTimeout(timer);
  }
}

async function* statusOf(client: GrpcClient, ref: string, signal: AbortSignal): AsyncGenerator<StatusResponse> {
  const call = client.call(control.Status, {}, signal);
  await call.send({ Ref: ref });
  call.end();
  yield* call.responses;
}

async function history(client: GrpcClient, signal: AbortSignal): Promise<readonly HistoryRecord[]> {
  const call = client.call(control.ListenBuildHistory, {}, signal);
  await call.send({ EarlyExit: true });
  call.end();
  const records = new Map<string, HistoryRecord>();
  for await (const { record } of call.responses) if (record !== undefined) records.set(record.Ref, record);
  const time = ({ CreatedAt: at }: HistoryRecord): number => (at?.seconds ?? 0) + (at?.nanos ?? 0) / 1e9;
  return [...records.values()].sort((a, b) => time(b) - time(a));
}

function frontendAttrs({ attrs, cacheImports }: BuildRequest): Readonly<Record<string, string>> {
  if (cacheImports.length === 0) return attrs;
  const imports = cacheImports.map(({ type, attrs: Attrs }) => ({ Type: type, Attrs }));
  return { ...attrs, 'cache-imports': JSON.stringify(imports) };
}

function entries(list: BuildRequest['cacheImports']) {
  return list.map(({ type, attrs }) => ({ Type: type, Attrs: mapOf(attrs) }));
}

function mapOf(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(values));
}

function pruneRequest({ all, filters, keepSeconds, reservedBytes, maxUsedBytes, minFreeBytes }: PruneLimits) {
  return {
    ...{ all, filter: filters, keepDuration: BigInt(Math.round(keepSeconds * 1e9)) },
    ...{ reservedSpace: reservedBytes, maxUsedSpace: maxUsedBytes, minFreeSpace: minFreeBytes },
  };
}
