import { connect } from 'node:net';
import { messageOf } from '../../../base/errors.ts';
import { code, GrpcError, type Served, type ServerCall, serve } from '../../../grpc/index.ts';
import { ssh } from '../../../grpc/messages/sshforward.ts';
import type { SessionOffer, SshAgent } from '../builder.ts';
import { keyAgent } from '../ssh/key-agent.ts';
import type { SshKey } from '../ssh/ssh-key.ts';

/** Forwards connections of a build to SSH agents, by their ids: those of the client, or ones that have some keys. */
export function serveAgents(agents: SessionOffer['agents']): readonly Served[] {
  const agentOf = (id: string): SshAgent => {
    const name = id === '' ? 'default' : id;
    const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
    if (agent === undefined) throw new GrpcError(code.notFound, `unset ssh forward key ${name}`);
    return agent;
  };
  return serve(ssh, {
    async CheckAgent({ ID }) {
      agentOf(ID);
      return {};
    },
    async *ForwardAgent(requests, call) {
      const agent = agentOf(call.metadata.get('buildkit.ssh.id') ?? '');
      yield* 'socket' in agent ? forward(agent.socket, requests, call) : answer(agent.keys, requests);
    },
  });
}

async function* answer(
  keys: readonly SshKey[],
  requests: AsyncIterable<{ readonly data: Buffer }>,
): AsyncGenerator<{ readonly data: Buffer }> {
  const chunks = async function* () {
    for await (const { data } of requests) yield data;
  };
  for await (const data of keyAgent(keys, chunks())) yield { data };
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
