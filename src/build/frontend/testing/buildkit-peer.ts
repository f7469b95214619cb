import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { code, connectGrpc, type GrpcClient, GrpcError, type Init, toRpcStatus } from '../../../grpc/index.ts';
import { control, type VertexWarning } from '../../../grpc/messages/control.ts';
import { llbBridge, type Result, type solveRequest } from '../../../grpc/messages/gateway.ts';
import { type DirectoryRequest, type MemoryDirectories, memorySession, SESSION_METHODS } from './memory-session.ts';

export interface PeerSolve {
  readonly options: Readonly<Record<string, string>>;
  readonly directories: MemoryDirectories;
  readonly inputs?: Init<typeof solveRequest>['FrontendInputs'];
}

export interface PeerAnswer {
  readonly result?: Result;
  readonly error?: GrpcError;
  readonly warnings: readonly VertexWarning[];
  readonly requests: readonly DirectoryRequest[];
  readonly sessionId: string;
}

/** Asks a real BuildKit, in an engine behind a unix socket, what its frontend makes of a request. No step of the result runs. */
export async function solveWithPeer(
  socketPath: string,
  { options, directories, inputs }: PeerSolve,
): Promise<PeerAnswer> {
  const stop = new AbortController();
  const sessionId = randomUUID();
  const requests: DirectoryRequest[] = [];
  const connection = await hijack(socketPath, '/session', [
    ['X-Docker-Expose-Session-Uuid', sessionId],
    ...SESSION_METHODS.map((method): [string, string] => ['X-Docker-Expose-Session-Grpc-Method', method]),
  ]);
  const served = memorySession(directories, requests).serve(connection, stop.signal);
  const client = connectGrpc(await hijack(socketPath, '/grpc', []));
  try {
    return { ...(await solve(client, { options, inputs, sessionId }, stop.signal)), requests, sessionId };
  } finally {
    stop.abort();
    client.close();
    await served;
  }
}

async function solve(
  client: GrpcClient,
  { options, inputs, sessionId }: Pick<PeerSolve, 'options' | 'inputs'> & { readonly sessionId: string },
  signal: AbortSignal,
): Promise<Pick<PeerAnswer, 'result' | 'error' | 'warnings'>> {
  const ref = randomUUID().replaceAll('-', '');
  const metadata = { 'buildkit-controlapi-buildid': ref };
  const build = client.unary(control.Solve, { Ref: ref, Session: sessionId, Internal: true }, {}, signal);
  const ended = build.catch(() => undefined);
  await delay(50);
  const warnings: VertexWarning[] = [];
  const status = watchWarnings(client, ref, warnings, signal);
  try {
    const { result } = await client.unary(
      llbBridge.Solve,
      {
        Frontend: 'dockerfile.v0',
        FrontendOpt: new Map(Object.entries(options)),
        allowResultReturn: true,
        allowResultArrayRef: true,
        FrontendInputs: inputs ?? new Map(),
      },
      { metadata },
      signal,
    );
    return { warnings, ...(result === undefined ? {} : { result }) };
  } catch (error) {
    if (error instanceof GrpcError) return { error, warnings };
    throw error;
  } finally {
    const done = toRpcStatus(new GrpcError(code.cancelled, 'only asked'));
    await client.unary(llbBridge.Return, { error: done }, { metadata }, signal).catch(() => undefined);
    await ended;
    await status;
  }
}

async function watchWarnings(
  client: GrpcClient,
  ref: string,
  found: VertexWarning[],
  signal: AbortSignal,
): Promise<void> {
  const call = client.call(control.Status, {}, signal);
  await call.send({ Ref: ref });
  call.end();
  for await (const { warnings } of call.responses) found.push(...warnings.filter((warning) => warning !== undefined));
}

/** Returns the configuration of an image that the engine has. */
export async function imageConfig(socketPath: string, ref: string): Promise<Buffer> {
  const answer = await solveWithPeer(socketPath, {
    options: { 'image-resolve-mode': 'local' },
    directories: { dockerfile: { Dockerfile: `FROM ${ref}` } },
  });
  const config = answer.result?.metadata.get('containerimage.base.config');
  if (config === undefined) throw new Error(`no configuration of ${ref}: ${answer.error?.message}`);
  return config;
}

function hijack(socketPath: string, path: string, headers: readonly (readonly [string, string])[]): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath,
      path,
      method: 'POST',
      headers: [['Host', 'localhost'], ['Connection', 'Upgrade'], ['Upgrade', 'h2c'], ...headers].flat(),
    });
    sent.once('error', reject);
    sent.once('response', (response) => reject(new Error(`${path} answered ${response.statusCode}`)));
    sent.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    sent.end();
  });
}
