import { randomBytes } from 'node:crypto';
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError, invalid } from '../../../../base/errors.ts';
import type { Session } from '../../../session/index.ts';
import type { StepContext } from '../../../solver/index.ts';
import { askSessions } from '../ask-sessions.ts';
import type { SourceDeps } from '../source.ts';
import type { GitWish } from './git-wish.ts';

/** By what git reaches a repository. */
export interface GitAccess extends AsyncDisposable {
  readonly settings: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** The header with the client's credentials. '' without. */
  readonly authorization: string;
}

/** Opens the way to a repository, with the client's secrets and agent. @throws EngineError */
export async function openGitAccess(deps: SourceDeps, wish: GitWish, context: StepContext): Promise<GitAccess> {
  if (wish.sshAgent !== undefined) return await openSsh(deps, wish, context);
  const { url } = wish;
  const authorization = /^https?:/.test(url) ? await authorizationOf(deps, wish, context) : '';
  const proxy = /^https?:/.test(url) ? deps.ports.proxyOf(new URL(url)) : undefined;
  return {
    settings: {
      ...(authorization === ''
        ? {}
        : { [`http.${new URL(url).origin}/.extraHeader`]: `Authorization: ${authorization}` }),
      ...(proxy === undefined ? {} : { 'http.proxy': proxy.href }),
    },
    environment: {},
    authorization,
    async [Symbol.asyncDispose]() {},
  };
}

/** The value of the header `Authorization`. A secret for the host goes before one for all. */
async function authorizationOf(deps: SourceDeps, wish: GitWish, context: StepContext): Promise<string> {
  const { host } = new URL(wish.url);
  const secretOf = async (name: string): Promise<string> => {
    if (name === '') return '';
    const found = await askSessions(deps, context, async (session) => {
      const { signal } = context;
      return (await session.secret(`${name}.${host}`, signal)) ?? (await session.secret(name, signal));
    });
    const value = found?.toString().trim() ?? '';
    if (/[\r\n]/.test(value)) throw invalid(`secret ${name} is no header`);
    return value;
  };
  const header = await secretOf(wish.headerSecret);
  if (header !== '') return header;
  const token = await secretOf(wish.tokenSecret);
  return token === '' ? '' : `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

/** Has a socket for ssh, behind which is the client's agent. */
async function openSsh(deps: SourceDeps, wish: GitWish, context: StepContext): Promise<GitAccess> {
  const agent = wish.sshAgent ?? 'default';
  const { signal } = context;
  const session = await askSessions(deps, context, async (found): Promise<Session | undefined> => {
    const offers = await found.checkSsh(agent, signal).then(
      () => true,
      () => false,
    );
    return offers ? found : undefined;
  });
  if (session === undefined) {
    throw new EngineError('notFound', `the client forwards no ssh agent ${agent}, which ${wish.url} needs`);
  }
  await using opened = new AsyncDisposableStack();
  const name = randomBytes(8).toString('hex');
  await mkdir(deps.ports.runFolder, { recursive: true, mode: 0o700 });
  const socketPath = join(deps.ports.runFolder, `${name}.sock`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    forward(session, { agent, socket }, signal).finally(() => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(socketPath, resolve));
  opened.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const knownHosts = join(deps.ports.runFolder, `${name}.known`);
  if (wish.knownHosts !== '') {
    await writeFile(knownHosts, wish.knownHosts, { mode: 0o600 });
    opened.defer(() => unlink(knownHosts));
  }
  const isKnown = wish.knownHosts !== '';
  const options = [
    'BatchMode=yes',
    // The host's own keys are not the client's.
    'IdentityFile=none',
    `StrictHostKeyChecking=${isKnown ? 'yes' : 'no'}`,
    `UserKnownHostsFile=${isKnown ? knownHosts : '/dev/null'}`,
  ];
  const held = opened.move();
  return {
    settings: {},
    environment: {
      SSH_AUTH_SOCK: socketPath,
      GIT_SSH_COMMAND: `ssh -F /dev/null ${options.map((option) => `-o ${option}`).join(' ')}`,
      GIT_SSH_VARIANT: 'ssh',
    },
    authorization: '',
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function forward(
  session: Session,
  { agent, socket }: { readonly agent: string; readonly socket: Socket },
  signal: AbortSignal,
): Promise<void> {
  try {
    await using stack = new AsyncDisposableStack();
    const stream = await session.forwardSsh(agent, signal);
    stack.defer(() => void stream.destroy());
    await pipeline(socket, stream, socket, { signal });
  } catch {
    socket.destroy(); // ssh tells what it misses.
  }
}
