import { once } from 'node:events';
import { chmodSync, chownSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../../base/errors.ts';
import type { Session } from '../../session/index.ts';
import type { StepContext } from '../../solver/index.ts';
import type { OpDeps } from '../op-deps.ts';
import { askSessions } from '../sources/index.ts';
import type { StepFolder } from './step-files.ts';

export interface SshSocket {
  /** Of the client's agent. '' is `default`. */
  readonly id: string;
  readonly isOptional: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Makes a socket in the step's folder that leads to an agent of a client, for as long as the folder is there. Returns its
 * path; undefined where no client has an optional one. @throws EngineError notFound
 */
export async function openSshSocket(
  deps: OpDeps,
  wanted: SshSocket,
  { folder, context }: { readonly folder: StepFolder; readonly context: StepContext },
): Promise<string | undefined> {
  const { signal } = context;
  const id = wanted.id === '' ? 'default' : wanted.id;
  const session = await askSessions(deps, context, async (each) =>
    (await hasAgent(each, id, signal)) ? each : undefined,
  );
  if (session === undefined) {
    if (wanted.isOptional) return undefined;
    throw new EngineError('notFound', `unset ssh forward key ${id}`);
  }
  const path = join(folder.path, `ssh-${id.replace(/[^a-z0-9]/gi, '').slice(0, 12)}-${sockets++}`);
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    void forward(session, { id, socket }, signal);
  });
  server.listen(path);
  await once(server, 'listening');
  folder.defer(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  chownSync(path, wanted.uid, wanted.gid);
  chmodSync(path, wanted.mode & 0o777);
  return path;
}

let sockets = 0;

async function hasAgent(session: Session, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await session.checkSsh(id, signal);
    return true;
  } catch {
    return false;
  }
}

/** A failure ends the connection: the step's own client tells it. */
async function forward(
  session: Session,
  { id, socket }: { readonly id: string; readonly socket: Socket },
  signal: AbortSignal,
): Promise<void> {
  try {
    const agent = await session.forwardSsh(id, signal);
    await Promise.all([pipeline(socket, agent), pipeline(agent, socket)]);
  } catch {
    socket.destroy();
  }
}
