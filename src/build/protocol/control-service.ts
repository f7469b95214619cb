import { formatNanos } from '../../base/time.ts';
import type { Handlers, Init, ServerCall } from '../../grpc/index.ts';
import type {
  BytesMessage,
  bytesMessage,
  control,
  SolveRequest,
  StatusRequest,
  solveResponse,
  statusResponse,
} from '../../grpc/messages/control.ts';
import type { NewSession } from '../builder.ts';
import type { BuildHistory } from '../history/index.ts';
import type { Progress } from '../solver/index.ts';
import type { CacheCalls } from './cache-calls.ts';
import { listenHistory, updateHistory } from './history-calls.ts';
import { SessionTunnel } from './session-tunnel.ts';
import { statusMessages } from './status-messages.ts';
import type { Workers } from './workers.ts';

/** A client may ask for the progress of a build that it is about to start. */
const STATUS_WAIT_MS = 6000;
const SESSION_HEADER = 'x-docker-expose-session-';

export interface ControlDeps {
  /** Runs a build to its end. @throws GrpcError */
  solve(request: SolveRequest, signal: AbortSignal): Promise<Init<typeof solveResponse>>;
  /** The progress of a build from its start on, in pieces. @throws EngineError notFound */
  progress(buildId: string, waitMs: number, signal: AbortSignal): AsyncIterable<readonly Progress[]>;
  acceptSession(session: NewSession, signal: AbortSignal): Promise<void>;
  readonly cache: CacheCalls;
  readonly history: BuildHistory;
  readonly workers: Workers;
}

/** Handlers of Control: what a client asks of the builder. */
export function controlHandlers(deps: ControlDeps): Handlers<typeof control> {
  return {
    Solve: (request, call) => deps.solve(request, call.signal),
    Status(request, call) {
      setTime(call);
      return status(deps, request, call.signal);
    },
    Session: (requests, call) => session(deps, requests, call),
    async ListWorkers() {
      return { record: deps.workers.records() };
    },
    async Info() {
      return { buildkitVersion: deps.workers.records()[0]?.BuildkitVersion };
    },
    DiskUsage: (request, call) => deps.cache.usage(request, call.signal),
    Prune: (request, call) => deps.cache.prune(request, call.signal),
    ListenBuildHistory(request, call) {
      setTime(call);
      return listenHistory(deps.history, request, call.signal);
    },
    async UpdateBuildHistory(request) {
      updateHistory(deps.history, request);
      return {};
    },
  };
}

/** Clients compare it with the times of builds. */
function setTime(call: ServerCall): void {
  call.setHeaders({ 'buildkit-current-timestamp': formatNanos(BigInt(Date.now()) * 1_000_000n) });
}

async function* status(
  deps: ControlDeps,
  { Ref }: StatusRequest,
  signal: AbortSignal,
): AsyncGenerator<Init<typeof statusResponse>, void, undefined> {
  for await (const pieces of deps.progress(Ref, STATUS_WAIT_MS, signal)) yield* statusMessages(pieces);
}

/** A client's session inside the call: its messages are the bytes of the connection. */
async function* session(
  deps: ControlDeps,
  requests: AsyncIterable<BytesMessage>,
  { metadata, signal }: ServerCall,
): AsyncGenerator<Init<typeof bytesMessage>, void, undefined> {
  const tunnel = new SessionTunnel();
  const given = (name: string): string => metadata.get(`${SESSION_HEADER}${name}`) ?? '';
  const accepted = deps.acceptSession(
    {
      id: given('uuid'),
      name: given('name'),
      sharedKey: given('sharedkey'),
      methods: metadata.all(`${SESSION_HEADER}grpc-method`),
      connection: tunnel,
    },
    signal,
  );
  accepted.then(
    () => tunnel.destroy(),
    () => tunnel.destroy(),
  );
  const received = tunnel.receive(requests);
  yield* tunnel.sent();
  await accepted;
  await received;
}
