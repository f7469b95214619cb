import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface TestProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `METHOD target` of each request, including refused ones. */
  readonly journal: string[];
  /** Addresses of names that nothing else resolves: `registry.test:443` to `127.0.0.1:PORT`. */
  readonly names: Map<string, string>;
  /** The required `user:password`. */
  wants: string | undefined;
  /** Number of open connections to the proxy. */
  connections(): number;
  /** Empties the journal, and closes kept tunnels. */
  reset(): void;
}

/**
 * Starts a small http proxy on loopback, for requests with whole URLs and for tunnels. It reaches only addresses in
 * `names`.
 */
export async function testProxy(names: Readonly<Record<string, string>> = {}): Promise<TestProxy> {
  const state = {
    journal: [] as string[],
    names: new Map(Object.entries(names)),
    wants: undefined as string | undefined,
  };
  const sockets = new Set<Duplex>();
  const track = <T extends Duplex>(socket: T): T => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    return socket;
  };
  const refusal = ({ headers }: IncomingMessage, target: string): number | undefined => {
    const wanted = state.wants === undefined ? undefined : `Basic ${btoa(state.wants)}`;
    if (headers['proxy-authorization'] !== wanted) return 407;
    return state.names.has(target) ? undefined : 502;
  };
  const server = createServer((request, response) => {
    state.journal.push(`${request.method} ${request.url}`);
    const url = URL.parse(request.url ?? '');
    if (url === null) return response.writeHead(400).end('not for a proxy');
    const target = `${url.hostname}:${url.port || 80}`;
    const refused = refusal(request, target);
    if (refused !== undefined) return response.writeHead(refused).end();
    return pass(request, response, url, state.names.get(target) ?? '');
  });
  server.on('connection', track);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const target = request.url ?? '';
    state.journal.push(`CONNECT ${target}`);
    const refused = refusal(request, target);
    if (refused !== undefined)
      return socket.end(`HTTP/1.1 ${refused} ${refused === 407 ? 'Who Are You' : 'Nothing There'}\r\n\r\n`);
    tunnel(socket, state.names.get(target) ?? '', track);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.size,
    reset() {
      for (const socket of sockets) socket.destroy();
      state.journal.length = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function tunnel(socket: Socket, to: string, track: <T extends Duplex>(socket: T) => T): void {
  const [host, port] = to.split(':');
  const inner = track(connect(Number(port), host));
  inner.on('close', () => socket.destroy()).on('connect', () => socket.write('HTTP/1.1 200 Go On\r\n\r\n'));
  socket
    .on('close', () => inner.destroy())
    .pipe(inner)
    .pipe(socket);
}

/** The upstream sees the requested name, and nothing of the proxy. */
function pass(request: IncomingMessage, response: ServerResponse, url: URL, to: string): void {
  const [host, port] = to.split(':');
  const { 'proxy-authorization': _secret, ...headers } = request.headers;
  const sent = httpRequest({
    host,
    port,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers,
    agent: false,
  });
  sent.on('error', () => response.destroy());
  sent.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy()).pipe(response);
  });
  request.on('error', () => sent.destroy()).pipe(sent);
}
