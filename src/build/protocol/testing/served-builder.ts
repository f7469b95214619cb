import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair, Readable } from 'node:stream';
import { EngineError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { memoryRecords } from '../../../base/records.ts';
import { connectGrpc, type GrpcClient } from '../../../grpc/index.ts';
import { hostPlatform } from '../../../spec/index.ts';
import type { NewSession } from '../../builder.ts';
import type { Exporter, ExportRequest } from '../../exporters/index.ts';
import type { Frontend } from '../../frontend/bridge.ts';
import { BuildHistory, type HistoryRecord } from '../../history/index.ts';
import { type LlbNode, sourceNode } from '../../llb/index.ts';
import { BuildRuns } from '../../runs/index.ts';
import type { Sessions } from '../../session/index.ts';
import { type Edge, type Op, type ResultCache, Solver } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import { createBuildServer } from '../create-build-server.ts';
import { createWorkers, type Workers } from '../workers.ts';

/** What a step of a test does: its log, then its files or its failure. It ends early with the signal. */
export type StepWork = (identifier: string, signal: AbortSignal, log: (text: string) => void) => Promise<string>;

export interface ServedBuilder extends AsyncDisposable {
  readonly client: GrpcClient;
  /** What was exported, in order. */
  readonly exports: { readonly request: ExportRequest; readonly files: readonly Tree[] }[];
  readonly sessions: NewSession[];
  readonly faults: unknown[];
  /** Builds under way. */
  running(): number;
}

/** Nothing that the tests build needs them. */
const UNUSED = {
  describeSource: undefined as never,
  imageFrontend: undefined as never,
  images: undefined as never,
  snapshots: undefined as never,
};

/**
 * The builder's services for one client, with a frontend `test.v0`, whose graph is a source named by the option `source`,
 * and steps that make one file.
 */
export async function serveBuilder(work: StepWork): Promise<ServedBuilder> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-builder-'));
  const [exports, faults, accepted]: [ServedBuilder['exports'], unknown[], NewSession[]] = [[], [], []];
  const solver = new Solver<Tree>({
    cache: forgetful,
    parallelSteps: () => 4,
    now: Date.now,
    failed: (error) => void faults.push(error),
  });
  const sessions: Sessions = {
    get: async (id) => {
      throw new EngineError('notFound', `no active session for ${id}`);
    },
  };
  const runs = new BuildRuns({
    solver,
    sessions,
    vertexOf: (edge) => ({ vertex: vertexOf(edge.node, folder, work), output: edge.output }),
    frontends: new Map([['test.v0', testFrontend]]),
    ...UNUSED,
    importCache: async () => [],
    platform: hostPlatform(),
  });
  const records = memoryRecords<HistoryRecord>();
  const history = new BuildHistory({ records, folder, logger: silentLogger, now: Date.now });
  const server = createBuildServer({
    runs,
    sessions,
    acceptSession: (session) => echoSession(session, accepted),
    openExporter: (request) => recordingExporter(request, exports),
    ...{ openCacheExporter: ({ type }) => unknownCache(type), inlineCache: async () => '' },
    history,
    content: { sizeBytes: () => 0, open: () => Readable.from([]) },
    cache: { usage: async () => [], async *prune() {} },
    workers: testWorkers(),
    openContainer: undefined as never,
    platform: hostPlatform(),
    onFault: (error) => void faults.push(error),
  });
  const stop = new AbortController();
  const [near, far] = duplexPair();
  const served = server.serve(far, stop.signal);
  const client = connectGrpc(near);
  return {
    client,
    exports,
    sessions: accepted,
    faults,
    running: () => runs.running.size,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      stop.abort();
      await served;
      runs[Symbol.dispose]();
      await history.idle();
      rmSync(folder, { recursive: true });
    },
  };
}

async function echoSession(session: NewSession, accepted: NewSession[]): Promise<void> {
  accepted.push(session);
  for await (const bytes of session.connection) session.connection.write(bytes);
}

function testWorkers(): Workers {
  return createWorkers({
    id: 'worker-1',
    snapshotter: 'overlay2',
    version: 'v0.0.0',
    platform: hostPlatform(),
    architectureLevel: undefined,
    hostGateway: () => '192.0.2.1',
    cacheBytes: undefined,
  });
}

const testFrontend: Frontend = async ({ options, inputs }, bridge) => {
  const source = options.get('source') ?? '';
  if (source === 'broken') throw new EngineError('invalid', 'the Dockerfile is broken');
  const edge = inputs.get('base') ?? { node: sourceNode({ identifier: `test://${source}`, ...NOTES }), output: 0 };
  bridge.warn({
    level: 1,
    short: 'Test: careful',
    detail: ['why'],
    url: 'https://example.com',
    location: NOTES.location,
  });
  return { refs: [{ id: '', edge }], metadata: new Map([['frontend.answer', Buffer.from('42')]]) };
};

const NOTES = {
  location: {
    source: { filename: 'Dockerfile', language: 'Dockerfile', data: Buffer.from('FROM x\nRUN y\n') },
    ranges: [{ start: { line: 2, character: 0 }, end: { line: 2, character: 0 } }],
  },
};

function vertexOf(node: LlbNode, folder: string, work: StepWork): Edge<Tree>['vertex'] {
  const identifier = node.op.source?.identifier ?? '';
  const op: Op<Tree> = {
    cacheKey: async () => ({ digest: node.digest }),
    async run(_inputs, context) {
      const path = join(folder, node.digest.slice(7, 30));
      const text = await work(identifier, context.signal, (line) => context.log(1, Buffer.from(line)));
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'file'), text);
      return [{ kind: 'folder', path }];
    },
  };
  return { digest: node.digest, name: identifier, inputs: [], op, place: node.location };
}

const forgetful: ResultCache<Tree> = {
  open: () => ({
    find: () => undefined,
    addKey() {},
    load: async () => undefined,
    save: async () => {},
    [Symbol.dispose]() {},
  }),
};

function recordingExporter(request: ExportRequest, exports: ServedBuilder['exports']): Exporter {
  if (request.type !== 'image') throw new EngineError('failed', `exporter "${request.type}" could not be found`);
  return {
    name: 'exporting to image',
    async run({ platforms }) {
      exports.push({ request, files: platforms.map(({ tree }) => tree) });
      return { response: new Map([['containerimage.digest', 'sha256:1']]), images: [] };
    },
  };
}

function unknownCache(type: string): never {
  throw new EngineError('failed', `unknown cache exporter: ${JSON.stringify(type)}`);
}
