import { once } from 'node:events';
import { constants } from 'node:os';
import { type Duplex, duplexPair } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { createGrpcServer, type Descriptor, decode, encode, type GrpcServer, serve } from '../../grpc/index.ts';
import { llbBridge } from '../../grpc/messages/gateway.ts';
import { health, healthCheckResponseServingStatus } from '../../grpc/messages/health.ts';
import { definition, meta, mount, netMode, securityMode } from '../../grpc/messages/pb.ts';
import type { BuildContainer, OpenContainer, StartedProcess } from '../build-container.ts';
import { type FrontendRequest, type FrontendResult, lackedCapability } from '../frontend/index.ts';
import { type LlbEdge, sourceNode, writeDefinition } from '../llb/index.ts';
import type { BuildRun } from '../runs/index.ts';
import { unlessAborted } from '../solver/index.ts';
import { bridgeHandlers } from './bridge-service.ts';
import { type FrontendConfig, frontendVariables, readFrontendConfig } from './frontend-config.ts';
import { Gateway, type GatewayResult } from './gateway.ts';
import type { Workers } from './workers.ts';

export interface FrontendImageDeps {
  readonly openContainer: OpenContainer;
  readonly workers: Workers;
  /** Learns of defects. */
  readonly onFault: (error: unknown, path: string) => void;
}

/** How long a frontend may go on after it has returned its result, or has closed its connection. */
const END_GRACE_MS = 3000;
const METADATA = '/run/config/buildkit/metadata';

/**
 * The frontend `gateway.v0`: runs the image of the option `source` in a container. It drives the build by LLBBridge, which is
 * served to it over its standard input and output; what it writes to standard error is the output of a step.
 * @throws GrpcError that it returned; EngineError
 */
export async function solveByImage(
  deps: FrontendImageDeps,
  run: BuildRun,
  request: FrontendRequest,
  signal: AbortSignal,
): Promise<FrontendResult> {
  const source = request.options.get('source') ?? '';
  if (source === '') throw new EngineError('invalid', 'no source specified for gateway');
  const { config, edge } = await resolveFrontend(run, source, signal);
  checkCapabilities(config, request);
  const root = await run.tree(edge);
  await using gateway = new Gateway(request.inputs);
  return await run.step({ name: `[frontend] ${source}` }, async (_report, log) => {
    await using container = await deps.openContainer(
      {
        mounts: [filled(mount, { dest: '/', output: -1 })],
        inputs: [root],
        network: config.hasNoNetwork ? netMode.NONE : netMode.UNSET,
        ...{ hostname: '', extraHosts: [], name: `frontend ${source}` },
        folders: [{ destination: METADATA, files: { 'frontend.bin': encode(definition, writeDefinition(edge)) } }],
      },
      run,
      signal,
    );
    const variables = frontendVariables(config, {
      options: request.options,
      sessionId: run.sessionId,
      workers: deps.workers.records(),
    });
    const server = serverOf(deps, { run, gateway });
    return await drive({ server, container, gateway, log, source, config, variables }, signal);
  });
}

async function resolveFrontend(
  run: BuildRun,
  source: string,
  signal: AbortSignal,
): Promise<{ readonly config: FrontendConfig; readonly edge: LlbEdge }> {
  const logName = `resolve image config for docker-image://${source}`;
  const found = await run
    .resolveImage({ ref: source, platform: undefined, mode: 'local', logName }, signal)
    .catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.kind, `failed to load the frontend ${source}: ${error.message}`, { cause: error });
    });
  const node = sourceNode({ identifier: `docker-image://${found.ref}` });
  return { config: readFrontendConfig(found.config), edge: { node, output: 0 } };
}

/** @throws GrpcError for what the client insists on and the image's label does not name */
function checkCapabilities({ capabilities }: FrontendConfig, { options, inputs }: FrontendRequest): void {
  const list = (options.get('frontend.caps') ?? '').split(',').filter((text) => text !== '');
  const wanted = list.map((text) => text.split('+', 1)[0] ?? '');
  if (inputs.size > 0) wanted.push('moby.buildkit.frontend.inputs');
  for (const name of wanted) if (!capabilities.has(name)) throw lackedCapability(name);
}

function serverOf(
  { workers, openContainer, onFault }: FrontendImageDeps,
  called: { readonly run: BuildRun; readonly gateway: Gateway },
): GrpcServer {
  const handlers = bridgeHandlers({ workers, openContainer, gateway: async () => called });
  const status = async () => ({ status: healthCheckResponseServingStatus.SERVING });
  return createGrpcServer([...serve(llbBridge, handlers), ...serve(health, { Check: status })], { onFault });
}

interface Drive {
  readonly server: GrpcServer;
  readonly container: BuildContainer;
  readonly gateway: Gateway;
  readonly log: (stream: 1 | 2, bytes: Uint8Array) => void;
  readonly source: string;
  readonly config: FrontendConfig;
  readonly variables: readonly string[];
}

/** Runs the frontend to its end. It may not outlive its result, nor its connection, for long. */
async function drive(
  { server, container, gateway, log, source, config, variables }: Drive,
  signal: AbortSignal,
): Promise<GatewayResult> {
  const [near, far] = duplexPair();
  near.on('error', () => undefined); // `close` follows
  const ended = new AbortController();
  const served = server.serve(far, AbortSignal.any([signal, ended.signal]));
  const closed = new AbortController();
  void served.then(() => closed.abort());
  try {
    const started = await container.start({
      meta: filled(meta, { args: config.args, cwd: config.cwd, env: variables, removeMountStubsRecursive: true }),
      ...{ hasTerminal: false, hasInput: true, security: securityMode.SANDBOX, secrets: [] },
      output: (stream, bytes) => (stream === 1 ? send(near, bytes, closed.signal) : log(stream, Buffer.from(bytes))),
    });
    void feed(near, started);
    using grace = startGrace(Promise.race([gateway.returned.catch(() => undefined), served]), started);
    const exitCode = await unlessAborted(started.exitCode, signal);
    if (gateway.hasReturned && (exitCode === 0 || grace.isOver)) return await gateway.returned;
    return await failure(
      gateway,
      `frontend ${source} ${grace.isOver ? 'closed its connection' : `ended with exit code ${exitCode}`}`,
    );
  } finally {
    ended.abort();
    // Nobody reads any more: what the server still has to send would keep its connection open.
    near.destroy();
    far.destroy();
  }
}

/** An error that the frontend returned comes before its exit code. @throws GrpcError, EngineError */
async function failure(gateway: Gateway, text: string): Promise<never> {
  if (gateway.hasReturned) await gateway.returned;
  throw new EngineError('failed', `${text}${gateway.hasReturned ? '' : ', and returned no result'}`);
}

/** Kills a process some time after `event`. */
function startGrace(
  event: Promise<unknown>,
  { signal: kill }: StartedProcess,
): Disposable & { readonly isOver: boolean } {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  let isDisposed = false;
  void event.then(() => {
    if (isDisposed) return;
    timer = setTimeout(() => {
      isOver = true;
      void kill(constants.signals.SIGKILL);
    }, END_GRACE_MS);
  });
  return {
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(timer);
    },
  };
}

/** Passes on what the server sends. Never rejects. */
async function feed(near: Duplex, started: StartedProcess): Promise<void> {
  try {
    for await (const bytes of near) await started.write(bytes as Buffer);
  } catch {
    // The frontend's end tells what happened.
  }
  started.endInput();
}

/** What comes after the end of the connection is thrown away. */
async function send(near: Duplex, bytes: Uint8Array, closed: AbortSignal): Promise<void> {
  if (closed.aborted || !near.writable || near.write(Buffer.from(bytes))) return;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, closed]);
  await Promise.race([once(near, 'drain', { signal }), once(near, 'close', { signal })]).catch(() => undefined);
  stop.abort();
}

/** A message with its defaults. */
function filled<Decoded, Fields>(descriptor: Descriptor<Decoded, Fields>, fields: Fields): Decoded {
  return decode(descriptor, encode(descriptor, fields));
}
