import { request } from 'node:http';

/** Another engine that a developer runs for comparison: its socket, or the reason why it cannot be used. */
export interface Peer {
  readonly socket: string;
  /** For a test's `skip`: false when the engine answers. */
  readonly skip: string | false;
}

/**
 * Looks for `dockerd` at `/run/peer-dockerd.sock` (or `PEER_DOCKERD_SOCKET`), and for `podman` likewise. It makes a
 * request, since a socket may outlive its engine.
 */
export async function peer(name: 'dockerd' | 'podman'): Promise<Peer> {
  const socket = process.env[`PEER_${name.toUpperCase()}_SOCKET`] ?? `/run/peer-${name}.sock`;
  const answers = await new Promise<boolean>((resolve) => {
    const asked = request({ socketPath: socket, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
  return { socket, skip: answers ? false : `no ${name} answers at ${socket}` };
}
