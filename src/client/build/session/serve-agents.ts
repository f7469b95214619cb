import { connect } from 'node:net';
import { messageOf } from '../../../base/errors.ts';
import { code, GrpcError, type Served, type ServerCall, serve } from '../../../grpc/index.ts';
import { ssh } from '../../../grpc/messages/sshforward.ts';

/** Forwards connections of a build to SSH agents of the client. `sockets` has their paths by id. */
export function serveAgents(sockets: Readonly<Record<string, string>>): readonly Served[] {
  const socketOf = (id: string): string => {
    const name = id === '' ? 'default' : id;
    const path = Object.hasOwn(sockets, name) ? sockets[name] : undefined;
    if (path === undefined) throw new GrpcError(code.notFound, `unset ssh forward key ${name}`);
    return path;
  };
  return serve(ssh, {
    async CheckAgent({ ID }) {
      socketOf(ID);
      return {};
    },
    async *ForwardAgent(requests, call) {
      yield* forward(socketOf(call.metadata.get('buildkit.ssh.id') ?? ''), requests, call);
    },
  });
}

async function* forward(
  path: string,
  requests: AsyncIterable<{ readonly data: Buffer }>,
  { signal }: ServerCall,
): AsyncGenerator<{ readonly data: Buffer }> {
  const agent = connect(path);
  const end = (): void => void agent.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    const sending = (async () => {
      for await (const { data } of requests) agent.write(data);
      agent.end();
    })();
    sending.catch(end);
    for await (const data of agent as AsyncIterable<Buffer>) yield { data };
  } catch (error) {
    throw new GrpcError(code.unavailable, `SSH agent ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    signal.removeEventListener('abort', end);
    agent.destroy();
  }
}
