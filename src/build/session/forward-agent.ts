import { Duplex } from 'node:stream';
import type { GrpcClient } from '../../grpc/index.ts';
import { ssh } from '../../grpc/messages/sshforward.ts';
import { sessionError } from './session-errors.ts';

/** Opens a connection to an SSH agent of the client. Destroying it ends the call. */
export function forwardAgent(client: GrpcClient, id: string, signal: AbortSignal): Duplex {
  const stop = new AbortController();
  const metadata = { 'buildkit.ssh.id': id === '' ? 'default' : id };
  const call = client.call(ssh.ForwardAgent, { metadata }, AbortSignal.any([signal, stop.signal]));
  const messages = call.responses[Symbol.asyncIterator]();
  const read = async (to: Duplex): Promise<void> => {
    try {
      const next = await messages.next();
      if (next.done === true) to.push(null);
      else if (next.value.data.length === 0) await read(to);
      else to.push(next.value.data);
    } catch (error) {
      to.destroy(sessionError(error));
    }
  };
  return new Duplex({
    read() {
      void read(this);
    },
    write(chunk: Buffer, _encoding, done) {
      call.send({ data: chunk }).then(
        (isOpen) => done(isOpen ? null : new Error('the agent has closed the connection')),
        (error: Error) => done(error),
      );
    },
    final(done) {
      call.end();
      done();
    },
    destroy(error, done) {
      stop.abort();
      done(error);
    },
  });
}
