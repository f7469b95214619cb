import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { refuse, type ServeDeps, serveRequest } from './serve-request.ts';

export interface ServerTls {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Clients must show a certificate that one of these signed. */
  readonly clientCa?: string | Buffer;
}

/** A head must be complete within this; bodies may take as long as they move. */
const HEAD_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 120_000;
const HEAD_BYTES_MAX = 32 << 10;

/** For health checks, which ask Docker's registry so, whoever they are. */
function alive(response: ServerResponse): void {
  response.writeHead(200, { 'Cache-Control': 'no-cache', 'Content-Length': 0 });
  response.end();
}

/** Not listening yet. `others` answers what is not the registry's API, when it knows the path. */
export function createRegistryServer(
  deps: ServeDeps,
  options: {
    readonly tls?: ServerTls;
    readonly others?: (request: IncomingMessage, response: ServerResponse) => boolean;
    /** Looks at the head of each request first. @throws RegistryError or EngineError for one that is refused */
    readonly guard?: (request: IncomingMessage) => void;
  } = {},
): Server {
  const { tls, others, guard } = options;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    try {
      guard?.(request);
    } catch (error) {
      void refuse(deps, { request, response, error });
      return;
    }
    if (request.url === '/') alive(response);
    else if (others?.(request, response) !== true) void serveRequest(deps, request, response);
  };
  const limits = { maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: 0, headersTimeout: HEAD_TIMEOUT_MS };
  const server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer(
          {
            ...limits,
            cert: tls.cert,
            key: tls.key,
            minVersion: 'TLSv1.2',
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.keepAliveTimeout = 60_000;
  return server;
}
